//! A good connector that ends too early, at many places.

pub(in super::super) fn make() -> Vec<Vec<u8>> {
    let good = hallpass_tests::guests::written("remember");
    let step = good.len() / 40;
    (8..good.len()).step_by(step).map(|at| good[..at].to_vec()).chain([good[..good.len() - 1].to_vec()]).collect()
}
