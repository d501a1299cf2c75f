//! Names and where they lead: the resolver of the stage. A name is made by the test that uses it, and leads nowhere before. Of what
//! begins with `never.` nothing is ever said.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use hallpass_egress::Resolve;

/// All names.
#[derive(Default)]
pub(super) struct Names(Mutex<BTreeMap<String, Name>>);

#[derive(Default)]
struct Name {
    /// What each lookup answers; the last one stays.
    leads: VecDeque<Vec<IpAddr>>,
    lookups: usize,
}

impl Names {
    /// From now on `name` leads to these addresses: the first list at the first lookup, the next at the next.
    pub(super) fn lead(&self, name: &str, leads: &[&[IpAddr]]) {
        let leads = leads.iter().map(|addresses| addresses.to_vec()).collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Name { leads, lookups: 0 });
    }

    fn look_up(&self, name: &str) -> Option<Vec<IpAddr>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(name.to_owned()).or_default();
        known.lookups += 1;
        if known.leads.len() > 1 { known.leads.pop_front() } else { known.leads.front().cloned() }
    }

    /// How often it was looked up.
    pub(super) fn lookups(&self, name: &str) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).map_or(0, |known| known.lookups)
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = self.look_up(name);
        if name.starts_with("never.") {
            std::future::pending::<()>().await;
        }
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "nobody has heard of it"))
    }
}
