//! A request as text that people can read and write: a request line, header fields, an empty line, the body.
//!
//! ```text
//! POST /call/echo_back
//! content-type: application/json
//!
//! [1]
//! ```

/// A request.
#[derive(Debug, Clone, Default)]
pub struct HttpCase {
    /// Such as `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header fields in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpCase {
    /// Reads a case; `None` if there is no request line.
    pub fn parse(input: &[u8]) -> Option<Self> {
        let end = input.windows(2).position(|pair| pair == b"\n\n")?;
        let mut lines = std::str::from_utf8(&input[..end]).ok()?.lines();
        let (method, path) = lines.next()?.split_once(' ')?;
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.into(), value.into()));
        Some(Self {
            method: method.into(),
            path: path.into(),
            headers: headers.collect(),
            body: input[end + 2..].to_vec(),
        })
    }

    /// The text of the case.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {}\n", self.method, self.path);
        self.headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\n")));
        [head.as_bytes(), b"\n", &self.body].concat()
    }
}
