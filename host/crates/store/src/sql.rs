//! Statements, arguments and rows: the only file that touches the driver's types for data.

use std::str::FromStr;

use hallpass_domain::Timestamp;
use hallpass_domain::clock::Millis;
use hallpass_domain::ids;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Executor as _, Row as _, SqlSafeStr, SqlStr};

use crate::error::{StoreError, StoreResult, classify};

/// One argument of a statement. `NULL` is typed, because PostgreSQL wants to know of what.
#[derive(Clone)]
pub(crate) enum Value {
    Text(String),
    Int(i64),
    Bytes(Vec<u8>),
    NoText,
    NoInt,
    NoBytes,
}

/// What can be an argument.
pub(crate) trait ToValue {
    const NONE: Value;
    fn to_value(&self) -> Value;
}

impl<T: ToValue + ?Sized> ToValue for &T {
    const NONE: Value = T::NONE;
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    const NONE: Value = T::NONE;
    fn to_value(&self) -> Value {
        self.as_ref().map_or(T::NONE, ToValue::to_value)
    }
}

macro_rules! text_values {
    ($($type:ty => |$v:ident| $text:expr;)+) => {$(
        impl ToValue for $type {
            const NONE: Value = Value::NoText;
            fn to_value(&self) -> Value { let $v = self; Value::Text($text) }
        }
    )+};
}

text_values! {
    str => |v| v.to_owned();
    String => |v| v.clone();
    ids::Digest => |v| v.to_string();
    ids::ApprovalId => |v| v.as_str().to_owned();
    ids::EnrolmentId => |v| v.as_str().to_owned();
    ids::EventId => |v| v.as_str().to_owned();
    ids::GrantId => |v| v.as_str().to_owned();
    ids::HoldingId => |v| v.as_str().to_owned();
    ids::InstallationId => |v| v.as_str().to_owned();
    ids::OperationId => |v| v.as_str().to_owned();
    ids::PrincipalId => |v| v.as_str().to_owned();
    ids::RequestId => |v| v.as_str().to_owned();
    ids::Stamp => |v| v.as_str().to_owned();
    ids::TargetId => |v| v.as_str().to_owned();
    hallpass_domain::name::Name => |v| v.as_str().to_owned();
    hallpass_domain::resource::Resource => |v| v.to_string();
    hallpass_domain::principal::PrincipalKind => |v| v.as_str().to_owned();
    hallpass_domain::principal::PrincipalState => |v| v.as_str().to_owned();
    hallpass_domain::request::Verdict => |v| v.as_str().to_owned();
    hallpass_domain::grant::GrantState => |v| v.as_str().to_owned();
    hallpass_domain::grant::EndReason => |v| v.as_str().to_owned();
    hallpass_domain::grant::SeenBy => |v| v.as_str().to_owned();
    hallpass_domain::grant::Left => |v| v.as_str().to_owned();
    hallpass_domain::holding::Mode => |v| v.as_str().to_owned();
    hallpass_domain::holding::Baseline => |v| v.as_str().to_owned();
    hallpass_domain::holding::Presence => |v| v.as_str().to_owned();
    hallpass_domain::operation::OperationKind => |v| v.as_str().to_owned();
    hallpass_domain::operation::OperationState => |v| v.as_str().to_owned();
    hallpass_domain::connector::ConnectorState => |v| v.as_str().to_owned();
    hallpass_domain::event::EventKind => |v| v.as_str().to_owned();
}

macro_rules! int_values {
    ($($type:ty => |$v:ident| $int:expr;)+) => {$(
        impl ToValue for $type {
            const NONE: Value = Value::NoInt;
            fn to_value(&self) -> Value { let $v = *self; Value::Int($int) }
        }
    )+};
}

int_values! {
    i64 => |v| v;
    u32 => |v| i64::from(v);
    u64 => |v| i64::try_from(v).unwrap_or(i64::MAX);
    usize => |v| i64::try_from(v).unwrap_or(i64::MAX);
    bool => |v| i64::from(v);
    Timestamp => |v| v.0;
}

impl ToValue for [u8] {
    const NONE: Value = Value::NoBytes;
    fn to_value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl ToValue for Vec<u8> {
    const NONE: Value = Value::NoBytes;
    fn to_value(&self) -> Value {
        Value::Bytes(self.clone())
    }
}

/// Arguments in the order of `$1`, `$2` ….
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::ToValue::to_value(&$value)),*] };
}
pub(crate) use args;

/// A nested value as JSON text.
pub(crate) fn json<T: Serialize>(table: &'static str, column: &'static str, value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Inconsistent { table, column, row: "a new row".into() })
}

/// A statement text that was put together from constants of ours, by dialect or by which filters are set.
pub(crate) fn composed(sql: String) -> SqlStr {
    AssertSqlSafe(sql).into_sql_str()
}

/// `($1, $2), ($3, $4) …`: so many rows of so many columns each.
pub(crate) fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let columns: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", columns.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// A connection to read or write on.
pub(crate) enum Conn<'a> {
    /// Taken from a pool; each statement is a transaction of its own.
    Alone(PoolConnection<Any>),
    /// Within a transaction, which is broken by the first statement that fails.
    Tx { connection: &'a mut AnyConnection, broken: &'a mut bool },
}

impl Conn<'_> {
    fn bind(args: Vec<Value>) -> AnyArguments {
        use sqlx::Arguments as _;
        let mut out = AnyArguments::default();
        for value in args {
            // The Any driver keeps the value as it is: adding it cannot fail.
            let _ = match value {
                Value::Text(text) => out.add(text),
                Value::Int(int) => out.add(int),
                Value::Bytes(bytes) => out.add(bytes),
                Value::NoText => out.add(None::<String>),
                Value::NoInt => out.add(None::<i64>),
                Value::NoBytes => out.add(None::<Vec<u8>>),
            };
        }
        out
    }

    fn parts(&mut self) -> (&mut AnyConnection, Option<&mut bool>) {
        match self {
            Self::Alone(connection) => (connection, None),
            Self::Tx { connection, broken } => (connection, Some(broken)),
        }
    }

    fn settle<T>(table: &'static str, broken: Option<&mut bool>, result: Result<T, sqlx::Error>) -> StoreResult<T> {
        result.map_err(|error| {
            if let Some(broken) = broken {
                *broken = true;
            }
            classify(table, &error)
        })
    }

    /// Every row of a statement, with the driver's own error.
    pub(crate) async fn rows(
        connection: &mut AnyConnection,
        table: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let rows = connection.fetch_all(sqlx::query_with::<Any, _>(sql, Self::bind(args))).await?;
        Ok(rows.into_iter().map(|inner| Row { table, inner }).collect())
    }

    /// Every row.
    pub(crate) async fn all(&mut self, table: &'static str, sql: impl SqlSafeStr, args: Vec<Value>) -> StoreResult<Vec<Row>> {
        let (connection, broken) = self.parts();
        Self::settle(table, broken, Self::rows(connection, table, sql, args).await)
    }

    /// The first row.
    pub(crate) async fn one(&mut self, table: &'static str, sql: impl SqlSafeStr, args: Vec<Value>) -> StoreResult<Option<Row>> {
        let query = sqlx::query_with::<Any, _>(sql, Self::bind(args));
        let (connection, broken) = self.parts();
        let row = Self::settle(table, broken, connection.fetch_optional(query).await)?;
        Ok(row.map(|inner| Row { table, inner }))
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) async fn run(&mut self, table: &'static str, sql: impl SqlSafeStr, args: Vec<Value>) -> StoreResult<u64> {
        let query = sqlx::query_with::<Any, _>(sql, Self::bind(args));
        let (connection, broken) = self.parts();
        Ok(Self::settle(table, broken, connection.execute(query).await)?.rows_affected())
    }
}

/// A row of a table. Reading a column that is not what it must be is [`StoreError::Inconsistent`].
pub(crate) struct Row {
    table: &'static str,
    inner: AnyRow,
}

impl Row {
    /// The complaint about `column` of this row.
    pub(crate) fn wrong(&self, column: &'static str) -> StoreError {
        let row = self.inner.try_get::<String, _>("id").unwrap_or_else(|_| "a row".to_owned());
        StoreError::Inconsistent { table: self.table, column, row }
    }

    pub(crate) fn opt_text(&self, column: &'static str) -> StoreResult<Option<String>> {
        self.inner.try_get(column).map_err(|_| self.wrong(column))
    }

    pub(crate) fn text(&self, column: &'static str) -> StoreResult<String> {
        self.inner.try_get(column).map_err(|_| self.wrong(column))
    }

    pub(crate) fn opt_int(&self, column: &'static str) -> StoreResult<Option<i64>> {
        self.inner.try_get(column).map_err(|_| self.wrong(column))
    }

    pub(crate) fn int(&self, column: &'static str) -> StoreResult<i64> {
        self.inner.try_get(column).map_err(|_| self.wrong(column))
    }

    pub(crate) fn bytes(&self, column: &'static str) -> StoreResult<Vec<u8>> {
        self.inner.try_get(column).map_err(|_| self.wrong(column))
    }

    /// A number that fits a narrower or unsigned type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> StoreResult<T> {
        T::try_from(self.int(column)?).map_err(|_| self.wrong(column))
    }

    pub(crate) fn opt_millis(&self, column: &'static str) -> StoreResult<Option<Millis>> {
        self.opt_int(column)?.map(|n| Millis::try_from(n).map_err(|_| self.wrong(column))).transpose()
    }

    pub(crate) fn time(&self, column: &'static str) -> StoreResult<Timestamp> {
        self.int(column).map(Timestamp)
    }

    pub(crate) fn opt_time(&self, column: &'static str) -> StoreResult<Option<Timestamp>> {
        Ok(self.opt_int(column)?.map(Timestamp))
    }

    /// Text that is an id, a name, a word of a closed set.
    pub(crate) fn parse<T: FromStr>(&self, column: &'static str) -> StoreResult<T> {
        self.text(column)?.parse().map_err(|_| self.wrong(column))
    }

    pub(crate) fn opt_parse<T: FromStr>(&self, column: &'static str) -> StoreResult<Option<T>> {
        self.opt_text(column)?.map(|text| text.parse().map_err(|_| self.wrong(column))).transpose()
    }

    /// JSON text.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> StoreResult<T> {
        serde_json::from_str(&self.text(column)?).map_err(|_| self.wrong(column))
    }
}
