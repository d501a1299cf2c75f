//! The protobuf form of a Biscuit (format versions 3 to 6), as far as admission must see it. Ours, because the library
//! keeps the content of its blocks to itself and evaluates what admission exists to refuse.
//!
//! Source: `schema.proto` of the Biscuit specification. What admission refuses by its mere presence (closures, arrays,
//! maps) is read as bytes and never decoded further.

use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Token {
    #[prost(uint32, optional, tag = "1")]
    pub(crate) root_key_id: Option<u32>,
    #[prost(message, required, tag = "2")]
    pub(crate) authority: SignedBlock,
    #[prost(message, repeated, tag = "3")]
    pub(crate) blocks: Vec<SignedBlock>,
    #[prost(message, required, tag = "4")]
    pub(crate) proof: Proof,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SignedBlock {
    #[prost(bytes = "vec", required, tag = "1")]
    pub(crate) block: Vec<u8>,
    #[prost(message, required, tag = "2")]
    pub(crate) next_key: PublicKey,
    #[prost(bytes = "vec", required, tag = "3")]
    pub(crate) signature: Vec<u8>,
    #[prost(message, optional, tag = "4")]
    pub(crate) external: Option<ExternalSignature>,
    #[prost(uint32, optional, tag = "5")]
    pub(crate) version: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExternalSignature {
    #[prost(bytes = "vec", required, tag = "1")]
    pub(crate) signature: Vec<u8>,
    #[prost(message, required, tag = "2")]
    pub(crate) public_key: PublicKey,
}

/// Algorithm 0 is Ed25519, the only one that passes use.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct PublicKey {
    #[prost(int32, required, tag = "1")]
    pub(crate) algorithm: i32,
    #[prost(bytes = "vec", required, tag = "2")]
    pub(crate) key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Proof {
    #[prost(oneof = "ProofContent", tags = "1, 2")]
    pub(crate) content: Option<ProofContent>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum ProofContent {
    #[prost(bytes = "vec", tag = "1")]
    NextSecret(Vec<u8>),
    #[prost(bytes = "vec", tag = "2")]
    FinalSignature(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Block {
    #[prost(string, repeated, tag = "1")]
    pub(crate) symbols: Vec<String>,
    #[prost(string, optional, tag = "2")]
    pub(crate) context: Option<String>,
    #[prost(uint32, optional, tag = "3")]
    pub(crate) version: Option<u32>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) facts: Vec<Fact>,
    #[prost(message, repeated, tag = "5")]
    pub(crate) rules: Vec<Rule>,
    #[prost(message, repeated, tag = "6")]
    pub(crate) checks: Vec<Check>,
    #[prost(message, repeated, tag = "7")]
    pub(crate) scope: Vec<Scope>,
    #[prost(message, repeated, tag = "8")]
    pub(crate) public_keys: Vec<PublicKey>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Scope {
    #[prost(oneof = "ScopeContent", tags = "1, 2")]
    pub(crate) content: Option<ScopeContent>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum ScopeContent {
    /// 0 is `authority`, 1 is `previous`.
    #[prost(int32, tag = "1")]
    Kind(i32),
    #[prost(int64, tag = "2")]
    PublicKey(i64),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Fact {
    #[prost(message, required, tag = "1")]
    pub(crate) predicate: Predicate,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Rule {
    #[prost(message, required, tag = "1")]
    pub(crate) head: Predicate,
    #[prost(message, repeated, tag = "2")]
    pub(crate) body: Vec<Predicate>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) expressions: Vec<Expression>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) scope: Vec<Scope>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Check {
    #[prost(message, repeated, tag = "1")]
    pub(crate) queries: Vec<Rule>,
    /// 0 or absent is `check if`, 1 is `check all`, 2 is `reject if`.
    #[prost(int32, optional, tag = "2")]
    pub(crate) kind: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Predicate {
    #[prost(uint64, required, tag = "1")]
    pub(crate) name: u64,
    #[prost(message, repeated, tag = "2")]
    pub(crate) terms: Vec<Term>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Term {
    #[prost(oneof = "TermContent", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")]
    pub(crate) content: Option<TermContent>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum TermContent {
    #[prost(uint32, tag = "1")]
    Variable(u32),
    #[prost(int64, tag = "2")]
    Integer(i64),
    #[prost(uint64, tag = "3")]
    Symbol(u64),
    #[prost(uint64, tag = "4")]
    Date(u64),
    #[prost(bytes = "vec", tag = "5")]
    Bytes(Vec<u8>),
    #[prost(bool, tag = "6")]
    Bool(bool),
    #[prost(bytes = "vec", tag = "7")]
    Set(Vec<u8>),
    #[prost(bytes = "vec", tag = "8")]
    Null(Vec<u8>),
    #[prost(bytes = "vec", tag = "9")]
    Array(Vec<u8>),
    #[prost(bytes = "vec", tag = "10")]
    Map(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Expression {
    #[prost(message, repeated, tag = "1")]
    pub(crate) ops: Vec<Op>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Op {
    #[prost(oneof = "OpContent", tags = "1, 2, 3, 4")]
    pub(crate) content: Option<OpContent>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum OpContent {
    #[prost(message, tag = "1")]
    Value(Term),
    #[prost(message, tag = "2")]
    Unary(Operator),
    #[prost(message, tag = "3")]
    Binary(Operator),
    #[prost(bytes = "vec", tag = "4")]
    Closure(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Operator {
    #[prost(int32, required, tag = "1")]
    pub(crate) kind: i32,
    #[prost(uint64, optional, tag = "2")]
    pub(crate) extern_name: Option<u64>,
}

/// Strings that every pass may use without carrying them (Biscuit specification, default symbol table).
const DEFAULT_SYMBOLS: [&str; 28] = [
    "read",
    "write",
    "resource",
    "operation",
    "right",
    "time",
    "role",
    "owner",
    "tenant",
    "namespace",
    "user",
    "team",
    "service",
    "admin",
    "email",
    "group",
    "member",
    "ip_address",
    "client",
    "client_ip",
    "domain",
    "path",
    "version",
    "cluster",
    "node",
    "hostname",
    "nonce",
    "query",
];

/// Where a token's own strings begin.
const OWN_SYMBOLS: u64 = 1024;

/// The string of a symbol id, given the strings that the token carries.
pub(crate) fn symbol(own: &[String], id: u64) -> Option<&str> {
    match id.checked_sub(OWN_SYMBOLS) {
        Some(index) => own.get(usize::try_from(index).ok()?).map(String::as_str),
        None => DEFAULT_SYMBOLS.get(usize::try_from(id).ok()?).copied(),
    }
}
