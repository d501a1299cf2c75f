//! HTTP to the places that the manifest declares. The host adds the credential, sends what a declared request allows, and drops what it
//! must not; nothing here sees a token.
//!
//! ```
//! use hallpass_connector::{Failure, Invocation, http};
//!
//! fn members(inv: &Invocation, org: &str) -> Result<String, Failure> {
//!     let url = format!("{}/orgs/{}/members", http::base(inv, "url")?, http::encode(org));
//!     http::get(&url).send()?.success()?.text()
//! }
//! ```

mod address;
mod answer;
mod wire;

pub use address::{base, encode};
pub use answer::Answer;

use crate::Failure;

/// What is asked. GET and HEAD change nothing; everything else may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Read the head alone.
    Head,
    /// Make, or do.
    Post,
    /// Put in place, as often as you like.
    Put,
    /// Change in part.
    Patch,
    /// Take away.
    Delete,
}

impl Method {
    /// Whether nothing changes by it.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// A request that is not sent yet.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A request for `url`, as the manifest declares it: whole, from the scheme on.
pub fn request(method: Method, url: &str) -> Request {
    let accept = ("accept".to_owned(), "application/json".to_owned());
    Request { method, url: url.to_owned(), headers: vec![accept], body: Vec::new() }
}

/// `GET url`.
pub fn get(url: &str) -> Request {
    request(Method::Get, url)
}

/// `POST url`.
pub fn post(url: &str) -> Request {
    request(Method::Post, url)
}

/// `PUT url`.
pub fn put(url: &str) -> Request {
    request(Method::Put, url)
}

/// `PATCH url`.
pub fn patch(url: &str) -> Request {
    request(Method::Patch, url)
}

/// `DELETE url`.
pub fn delete(url: &str) -> Request {
    request(Method::Delete, url)
}

impl Request {
    /// The same request with this header in place of one of that name. The host refuses `authorization`, `cookie` and the like: the
    /// credential is the manifest's affair.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The same request with a body of this media type.
    #[must_use]
    pub fn body(self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let mut request = self.header("content-type", media_type);
        request.body = bytes.into();
        request
    }

    /// The same request with this JSON as its body.
    #[must_use]
    pub fn json(self, text: impl Into<String>) -> Self {
        self.body("application/json", text.into())
    }

    /// Sends it and reads the whole answer, whatever its status. Redirects are answers: nobody follows them.
    ///
    /// Errors: a [`Failure`] that says whether the target may have changed. The request was refused, the target cannot be reached or
    /// did not answer in time, or a limit of the call is used up.
    pub fn send(&self) -> Result<Answer, Failure> {
        wire::send(self)
    }
}
