//! A script.

pub(in super::super) fn make() -> Vec<u8> {
    b"#!/bin/sh\nrm -rf /\n".to_vec()
}
