//! Which of the files written at build time suits the browser's `Accept-Encoding`.
//!
//! Owns: reading the header and its order of preference. Must not: compress: the files are there or not. Called by: `pages`.

/// A form of a file on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Brotli, in a sibling that ends in `.br`.
    Brotli,
    /// Gzip, in a sibling that ends in `.gz`.
    Gzip,
}

impl Encoding {
    /// Ending of the sibling file.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }

    /// Value of `Content-Encoding`.
    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// The forms that `accept` allows, smallest first. The plain form is always allowed.
pub(super) fn acceptable(accept: &str) -> impl Iterator<Item = Encoding> {
    [Encoding::Brotli, Encoding::Gzip]
        .into_iter()
        .filter(move |encoding| accepts(accept, encoding.token()))
}

fn accepts(accept: &str, token: &str) -> bool {
    let quality = |wanted: &str| {
        accept.split(',').find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts
                .next()
                .filter(|name| name.eq_ignore_ascii_case(wanted))?;
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            Some(quality.unwrap_or(1.0))
        })
    };
    quality(token)
        .or_else(|| quality("*"))
        .is_some_and(|quality| quality > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_form_that_the_browser_takes_is_first() {
        let of = |accept| acceptable(accept).collect::<Vec<_>>();
        assert_eq!(
            of("gzip, deflate, br, zstd"),
            [Encoding::Brotli, Encoding::Gzip]
        );
        assert_eq!(of("gzip"), [Encoding::Gzip]);
        assert_eq!(of("br;q=0, *;q=0.1"), [Encoding::Gzip]);
        assert_eq!(of(""), []);
        assert_eq!(of("identity"), []);
    }
}
