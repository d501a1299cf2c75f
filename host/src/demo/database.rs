//! The target: a shop's database with its roles, and what the demo looks up in it as a superuser.

use anyhow::Context as _;
use hallpass_domain::secret::SecretText;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

use super::cluster::Cluster;

/// The database.
pub(super) const SHOP: &str = "shop";
/// The broker's own role: it may make roles and is no superuser.
pub(super) const MANAGER: &str = "hallpass_manager";
/// The developer's account, which was there before.
pub(super) const DAVE: &str = "dave";

/// A role of the server.
#[derive(Debug, Clone)]
pub(super) struct Role {
    /// Its name.
    pub(super) name: String,
    /// Until when it may sign in, in milliseconds since the epoch.
    pub(super) until_ms: Option<i64>,
    /// It may do more than it should.
    pub(super) powerful: bool,
    /// Its comment: the host's mark.
    pub(super) mark: String,
}

/// The shop's database as its superuser sees it. Each question opens a connection of its own, since the server is stopped
/// and started in between.
#[derive(Clone)]
pub(super) struct Database(PgConnectOptions);

impl Database {
    /// Makes the shop: schemas, tables, roles, and the accounts of the broker and of Dave.
    pub(super) async fn make(cluster: &Cluster, manager: &SecretText, dave: &SecretText) -> anyhow::Result<Self> {
        let superuser = cluster.superuser("postgres").disable_statement_logging();
        let mut server = PgConnection::connect_with(&superuser).await?;
        // The passwords are hexadecimal: nothing in them needs quoting.
        let roles = format!(
            "CREATE ROLE shop_owner;
             CREATE ROLE shop_admin;
             CREATE ROLE shop_reports;
             CREATE ROLE {MANAGER} LOGIN NOSUPERUSER CREATEROLE PASSWORD '{}';
             GRANT shop_owner, shop_admin TO {MANAGER} WITH ADMIN OPTION;
             GRANT pg_signal_backend, pg_read_all_stats TO {MANAGER};
             CREATE ROLE {DAVE} LOGIN PASSWORD '{}';
             GRANT shop_reports TO {DAVE};",
            manager.expose(),
            dave.expose()
        );
        sqlx::raw_sql(AssertSqlSafe(roles)).execute(&mut server).await.context("the roles of the shop")?;
        sqlx::raw_sql("CREATE DATABASE shop OWNER shop_owner").execute(&mut server).await.context("the shop's database")?;
        server.close().await?;
        let database = Self(superuser.database(SHOP));
        let mut shop = database.connect().await?;
        sqlx::raw_sql(include_str!("shop.sql")).execute(&mut shop).await.context("the tables of the shop")?;
        shop.close().await?;
        Ok(database)
    }

    async fn connect(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect_with(&self.0).await?)
    }

    /// Every role that an installation's mark begins: `hp_…`.
    pub(super) async fn our_roles(&self) -> anyhow::Result<Vec<Role>> {
        let mut shop = self.connect().await?;
        let text = "SELECT rolname::text AS name, (extract(epoch FROM rolvaliduntil) * 1000)::bigint AS until_ms, \
                    rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS powerful, \
                    coalesce(shobj_description(oid, 'pg_authid'), '') AS mark \
                    FROM pg_roles WHERE rolname LIKE 'hp\\_%' ORDER BY rolname";
        let rows = sqlx::query(text).fetch_all(&mut shop).await?;
        shop.close().await?;
        rows.iter()
            .map(|row| {
                Ok(Role {
                    name: row.try_get("name")?,
                    until_ms: row.try_get("until_ms")?,
                    powerful: row.try_get("powerful")?,
                    mark: row.try_get("mark")?,
                })
            })
            .collect()
    }

    /// What an account is a member of, in order.
    pub(super) async fn memberships(&self, account: &str) -> anyhow::Result<Vec<String>> {
        let text = "SELECT r.rolname::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid \
                    WHERE m.member = $1::regrole ORDER BY r.rolname";
        let mut shop = self.connect().await?;
        let found = sqlx::query_scalar(text).bind(account).fetch_all(&mut shop).await?;
        shop.close().await?;
        Ok(found)
    }

    /// How many sessions an account has.
    pub(super) async fn sessions(&self, account: &str) -> anyhow::Result<i64> {
        let mut shop = self.connect().await?;
        let text = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1";
        let found = sqlx::query_scalar(text).bind(account).fetch_one(&mut shop).await?;
        shop.close().await?;
        Ok(found)
    }

    /// Whether a role is a superuser.
    pub(super) async fn is_superuser(&self, role: &str) -> anyhow::Result<bool> {
        let mut shop = self.connect().await?;
        let found = sqlx::query_scalar("SELECT rolsuper FROM pg_roles WHERE rolname = $1").bind(role).fetch_one(&mut shop).await?;
        shop.close().await?;
        Ok(found)
    }
}

/// How an account of the shop signs in.
pub(super) fn login(cluster: &Cluster, user: &str, password: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(cluster.host())
        .port(cluster.port())
        .username(user)
        .password(password)
        .database(SHOP)
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging()
}

/// The SQLSTATE of a refusal; empty where nothing was refused.
pub(super) fn sqlstate<T>(outcome: &Result<T, sqlx::Error>) -> String {
    let refused = outcome.as_ref().err().and_then(sqlx::Error::as_database_error);
    refused.and_then(sqlx::error::DatabaseError::code).unwrap_or_default().into_owned()
}
