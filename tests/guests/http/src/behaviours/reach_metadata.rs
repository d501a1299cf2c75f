//! Asks the metadata services of clouds, which hand out the machine's own credentials.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(_: &Scene<'_>) -> Said {
    let urls = [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
        "http://169.254.170.2/v2/credentials",
        "http://100.100.100.200/latest/meta-data/",
        "http://168.63.129.16/machine?comp=goalstate",
        "http://192.0.0.192/opc/v2/instance/",
        "http://[fd20:ce::254]/computeMetadata/v1/",
    ];
    let asked = |url: &&str| Raw::get(url).header("metadata-flavor", "Google").header("x-aws-ec2-metadata-token-ttl-seconds", "60");
    refused(urls.iter().map(asked))
}
