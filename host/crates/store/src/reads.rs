//! Lookups. Each aggregate's file adds its own.

use std::fmt::Write as _;

use hallpass_domain::Timestamp;
use sqlx::{SqlSafeStr, SqlStr};

use crate::dialect::Backend;
use crate::error::StoreResult;
use crate::sql::{Conn, Row, ToValue, Value, args};
use crate::store::Store;

/// Lookups, on a reader's connection ([`Store::reads`]) or within a transaction ([`Tx::reads`](crate::Tx::reads)).
pub struct Reads<'a> {
    store: Store,
    conn: Conn<'a>,
}

impl<'a> Reads<'a> {
    pub(crate) fn new(store: Store, conn: Conn<'a>) -> Self {
        Self { store, conn }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) async fn all(&mut self, table: &'static str, sql: impl SqlSafeStr, args: Vec<Value>) -> StoreResult<Vec<Row>> {
        self.conn.all(table, sql, args).await
    }

    pub(crate) async fn one(&mut self, table: &'static str, sql: impl SqlSafeStr, args: Vec<Value>) -> StoreResult<Option<Row>> {
        self.conn.one(table, sql, args).await
    }

    /// Every row, each read by `read`.
    pub(crate) async fn list<T>(
        &mut self,
        table: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
        read: fn(&Row) -> StoreResult<T>,
    ) -> StoreResult<Vec<T>> {
        self.all(table, sql, args).await?.iter().map(read).collect()
    }

    /// The first row, read by `read`.
    pub(crate) async fn find<T>(
        &mut self,
        table: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
        read: fn(&Row) -> StoreResult<T>,
    ) -> StoreResult<Option<T>> {
        self.one(table, sql, args).await?.as_ref().map(read).transpose()
    }

    /// The store's time, in which leases are measured: PostgreSQL's own, on SQLite the injected clock's.
    pub async fn store_now(&mut self) -> StoreResult<Timestamp> {
        let backend = self.store.backend();
        let argument = self.store.time_argument();
        if backend == Backend::Sqlite {
            return Ok(Timestamp(argument));
        }
        let row = self.one("the database's time", backend.text("SELECT {now} AS now_ms"), args![argument]).await?;
        row.map_or(Ok(Timestamp(argument)), |row| row.time("now_ms"))
    }
}

impl Reads<'_> {
    /// Whether time alone makes anything due by now: a grant, a request or a credential. Asked often, and mostly not so.
    pub async fn anything_due(&mut self, now: Timestamp) -> StoreResult<bool> {
        let sql = "SELECT CASE WHEN EXISTS (SELECT 1 FROM grants WHERE state IN ('active', 'suspended') AND ends <= $1) \
                   OR EXISTS (SELECT 1 FROM grants WHERE state = 'activating' AND activate_by <= $1) \
                   OR EXISTS (SELECT 1 FROM requests WHERE due IS NOT NULL AND due <= $1) \
                   OR EXISTS (SELECT 1 FROM credentials WHERE state = 'waiting' AND expires <= $1) THEN 1 ELSE 0 END AS due";
        Ok(self.find("what is due", sql, args![now], |row| row.int("due")).await? == Some(1))
    }
}

/// The conditions of a list: those filters that are set, joined by `AND`.
pub(crate) struct Conditions {
    sql: String,
    args: Vec<Value>,
}

impl Conditions {
    pub(crate) fn new() -> Self {
        Self { sql: String::new(), args: Vec::new() }
    }

    fn join(&mut self) {
        self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
    }

    /// `column op $n`, where the value is there.
    pub(crate) fn when<T: ToValue>(&mut self, column_op: &'static str, value: Option<T>) -> &mut Self {
        if let Some(value) = value {
            self.join();
            self.args.push(value.to_value());
            let _ = write!(self.sql, "{column_op} ${}", self.args.len());
        }
        self
    }

    /// `condition` with each `{}` replaced by the place of the value, where it is there.
    pub(crate) fn with<T: ToValue>(&mut self, condition: &'static str, value: Option<T>) -> &mut Self {
        if let Some(value) = value {
            self.join();
            self.args.push(value.to_value());
            self.sql.push_str(&condition.replace("{}", &format!("${}", self.args.len())));
        }
        self
    }

    /// A constant condition.
    pub(crate) fn also(&mut self, condition: &'static str, wanted: bool) -> &mut Self {
        if wanted {
            self.join();
            self.sql.push_str(condition);
        }
        self
    }

    /// `select … WHERE … ORDER BY key LIMIT n`, and its arguments.
    pub(crate) fn page(mut self, select: &'static str, key: &'static str, limit: u32) -> (SqlStr, Vec<Value>) {
        self.args.push(Value::Int(i64::from(limit)));
        let sql = format!("{select}{} ORDER BY {key} LIMIT ${}", self.sql, self.args.len());
        (crate::sql::composed(sql), self.args)
    }
}
