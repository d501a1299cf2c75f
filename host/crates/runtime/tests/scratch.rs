//! scratch
#[path = "/tmp/scr/demo/mod.rs"]
mod demo;
mod postgres_harness {
    use crate::demo::cluster::{Cluster, Options};
    use hallpass_domain::rng::SystemRng;
    use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    pub fn cluster() -> &'static Cluster {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| {
            let settings = vec![("max_connections".to_owned(), "300".to_owned())];
            Cluster::start(&Options { fsync: false, log_statements: true, settings }, &SystemRng, &|line| eprintln!("{line}")).unwrap()
        })
    }
    pub struct Database {
        name: String,
    }
    impl Database {
        pub async fn create() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
            let mut connection = PgConnection::connect_with(&cluster().superuser("postgres")).await.unwrap();
            connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"))).await.unwrap();
            Self { name }
        }
        pub fn name(&self) -> &str {
            &self.name
        }
    }
}
#[path = "/tmp/scratch_postgres.rs"]
mod postgres;
#[path = "/tmp/scratch_guests.rs"] mod guests;
