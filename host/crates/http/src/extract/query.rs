//! Queries. An unknown parameter is refused: a filter with a typing error must not list everything.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hallpass_broker::Page;
use serde::de::DeserializeOwned;

use super::words::{bounded, explain};
use crate::problem::Problem;

/// The query of a call.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::WrongQuery { reason: in_words(&rejection.body_text()) }),
        }
    }
}

/// The parameter and what is wrong with it: `limit: it must be a whole number`.
fn in_words(text: &str) -> String {
    let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(text);
    let (place, what) = text.split_once(": ").filter(|(place, _)| !place.contains([' ', '`'])).unwrap_or(("", text));
    let (reason, member) = explain(what);
    match member.unwrap_or(place) {
        "" => reason,
        name => bounded(&format!("`{name}`: {reason}")),
    }
}

/// The part of a list that is asked for.
pub(crate) fn page(after: Option<String>, limit: Option<u32>) -> Result<Page, Problem> {
    let limit = limit.unwrap_or(Page::DEFAULT);
    if limit == 0 || limit > Page::MOST {
        return Err(Problem::WrongQuery { reason: format!("limit must be 1 to {}, it is {limit}", Page::MOST) });
    }
    Ok(Page { after, limit })
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        limit: Option<u32>,
    }

    async fn read(uri: &str) -> Result<Filter, Problem> {
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        Query::from_request_parts(&mut parts, &()).await.map(|Query(filter)| filter)
    }

    #[tokio::test]
    async fn an_unknown_or_unreadable_parameter_is_named() {
        assert_eq!(read("/?limit=3").await.unwrap().limit, Some(3));
        for (uri, said) in [
            ("/?limti=3", "`limti`: it is not known here; known are: limit"),
            ("/?limit=three", "`limit`: it must be a whole number"),
            ("/?limit=99999999999", "`limit`: it is out of range"),
            ("/?limit=1&limit=2", "`limit`: it stands there twice"),
        ] {
            let Err(Problem::WrongQuery { reason }) = read(uri).await else { panic!("{uri} was taken") };
            assert_eq!(reason, said, "{uri}");
        }
    }

    #[test]
    fn a_part_of_a_list_is_bounded() {
        assert_eq!(page(None, None).unwrap().limit, Page::DEFAULT);
        assert_eq!(page(None, Some(Page::MOST)).unwrap().limit, Page::MOST);
        for bad in [0, Page::MOST + 1] {
            assert!(matches!(page(None, Some(bad)), Err(Problem::WrongQuery { .. })), "{bad}");
        }
    }
}
