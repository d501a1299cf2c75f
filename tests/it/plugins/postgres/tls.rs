//! TLS to a real server with a certificate authority of its own: what is trusted, and what is refused by name.

use hallpass::demo::cluster::{Cluster, Options, Stop};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use sqlx::{AssertSqlSafe, Executor as _};

use super::*;

/// A certificate authority.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        Self { pem: params.self_signed(&key).unwrap().pem(), issuer: Issuer::new(params, key) }
    }

    /// Certificate and key of a server of this name.
    fn certify(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A cluster that offers TLS, with a certificate for `localhost`.
async fn with_tls(authority: &Authority) -> Cluster {
    let cluster = tokio::task::spawn_blocking(|| {
        Cluster::start(&Options { fsync: false, ..Options::default() }, &SystemRng, &|line| eprintln!("{line}")).unwrap()
    });
    let cluster = cluster.await.unwrap();
    let (certificate, key) = authority.certify("localhost");
    let mut root = cluster.superuser("postgres").disable_statement_logging().connect().await.unwrap();
    // The server itself writes them, so that they are its own account's and closed to all others.
    for (file, pem) in [("server.crt", certificate), ("server.key", key)] {
        let path = cluster.folder().join(file);
        let copy = format!(
            "COPY (SELECT unnest(string_to_array('{}', chr(10)))) TO PROGRAM 'umask 077 && cat > \"{}\"'",
            pem.trim_end().replace('\r', ""),
            path.display()
        );
        root.execute(AssertSqlSafe(copy)).await.unwrap();
        let setting = if file == "server.crt" { "ssl_cert_file" } else { "ssl_key_file" };
        root.execute(AssertSqlSafe(format!("ALTER SYSTEM SET {setting} = '{}'", path.display()))).await.unwrap();
    }
    root.execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    root.close().await.unwrap();
    let restarted = tokio::task::spawn_blocking(move || {
        cluster.stop(Stop::Fast).and_then(|()| cluster.resume()).unwrap();
        cluster
    });
    restarted.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_server_with_the_right_certificate_for_its_name_is_spoken_to() {
    let (authority, stranger) = (Authority::new("ours"), Authority::new("a stranger"));
    let cluster = with_tls(&authority).await;
    let mut world = World::new().await;
    world.endpoint.secrets.insert("password".to_owned(), SecretText::new(cluster.superuser_password().expose().to_owned()));
    let mut revision = 1;
    let mut health = async |host: &str, port: u16, root: Option<&str>| {
        revision += 1;
        world.endpoint.revision = revision;
        let settings = &mut world.endpoint.settings;
        let setting = |name: &str, value: String| (name.to_owned(), value);
        settings.extend([
            setting("host", host.to_owned()),
            setting("port", port.to_string()),
            setting("user", cluster.superuser_name().to_owned()),
            setting("tls", "verify-full".to_owned()),
        ]);
        settings.remove("root_certificate");
        settings.extend(root.map(|pem| setting("root_certificate", pem.to_owned())));
        world.runtime.health(&world.call(1)).await
    };
    let port = cluster.port();
    health("localhost", port, Some(&authority.pem)).await.unwrap();

    let refused = [
        ("a name that is not the certificate's", health("127.0.0.1", port, Some(&authority.pem)).await, "not valid for name"),
        ("another authority", health("localhost", port, Some(&stranger.pem)).await, "UnknownIssuer"),
        ("the public authorities", health("localhost", port, None).await, "UnknownIssuer"),
        ("a server without TLS", health("localhost", super::cluster().port(), Some(&authority.pem)).await, "server does not support TLS"),
    ];
    for (what, outcome, cause) in refused {
        let failure = outcome.err().unwrap_or_else(|| panic!("{what} was trusted"));
        assert_eq!(
            (failure.kind, failure.code.as_str(), failure.effect),
            (FailureKind::Unavailable, "tls", Effect::None),
            "{what}: {failure}"
        );
        assert!(failure.message.contains(cause), "{what}: {failure}");
        assert!(
            failure.message.contains("Check the server's certificate, the name in `host`, and `root_certificate`"),
            "{what}: {failure}"
        );
    }
    let broken = health("localhost", port, Some("no certificate")).await.unwrap_err();
    assert_eq!(broken.kind, FailureKind::InvalidInput, "{broken}");
    assert!(broken.message.contains("not PEM"), "{broken}");
}
