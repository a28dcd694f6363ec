//! Header blocks: names and values, compressed with one zlib stream for each direction of a connection.

use bytes::{Buf, BufMut, Bytes};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Error, dictionary::DICTIONARY};

/// The most that a block may be once it is decompressed.
const BLOCK_LIMIT_BYTES: usize = 64 * 1024;
const CHUNK_BYTES: usize = 4 * 1024;

/// Names, in lower case, and values; several values of one name are joined by NUL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The first value of `name`, which is matched without regard to case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.split('\0').next())
    }
}

/// Reads header blocks of one direction.
pub(super) struct HeaderDecoder(Decompress);

impl HeaderDecoder {
    pub(super) fn new() -> HeaderDecoder {
        HeaderDecoder(Decompress::new(true))
    }

    /// The headers of the next block. After an error the decoder is of no more use.
    pub(super) fn decode(&mut self, block: &[u8]) -> Result<Headers, Error> {
        parse(self.inflate(block)?.into())
    }

    fn inflate(&mut self, mut block: &[u8]) -> Result<Vec<u8>, Error> {
        let malformed = |_| Error::Malformed("a header block cannot be decompressed");
        let mut text = Vec::with_capacity(CHUNK_BYTES);
        loop {
            let (before, length) = (self.0.total_in(), text.len());
            let result = self.0.decompress_vec(block, &mut text, FlushDecompress::Sync);
            let taken = usize::try_from(self.0.total_in() - before).unwrap_or(block.len());
            block.advance(taken);
            match result {
                Err(error) if error.needs_dictionary().is_some() => {
                    // A dictionary other than SPDY's does not have its checksum.
                    self.0.set_dictionary(DICTIONARY).map_err(malformed)?;
                    continue;
                }
                Err(error) => return Err(malformed(error)),
                Ok(Status::StreamEnd) => return Err(Error::Malformed("the compression of headers has ended")),
                Ok(Status::Ok | Status::BufError) => {}
            }
            if text.len() > BLOCK_LIMIT_BYTES {
                return Err(Error::Malformed("a header block is too long"));
            }
            if text.len() == text.capacity() {
                text.reserve(CHUNK_BYTES);
            } else if block.is_empty() {
                return Ok(text);
            } else if taken == 0 && text.len() == length {
                return Err(Error::Malformed("a header block cannot be decompressed"));
            }
        }
    }
}

fn parse(mut text: Bytes) -> Result<Headers, Error> {
    let short = || Error::Malformed("a header block ends early");
    let string = |text: &mut Bytes| {
        let length = text.try_get_u32().ok().and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|length| *length <= text.len()).ok_or_else(short)?;
        String::from_utf8(text.split_to(length).into()).map_err(|_| Error::Malformed("a header is not UTF-8"))
    };
    let count = text.try_get_u32().map_err(|_| short())?;
    let mut headers = Vec::new();
    // Each header takes at least eight bytes, so a false count ends with the text.
    for _ in 0..count {
        headers.push((string(&mut text)?, string(&mut text)?));
    }
    match text.is_empty() {
        true => Ok(Headers(headers)),
        false => Err(Error::Malformed("a header block has more than its headers")),
    }
}

/// Writes header blocks of one direction.
pub(super) struct HeaderEncoder(Compress);

impl HeaderEncoder {
    pub(super) fn new() -> Result<HeaderEncoder, Error> {
        let mut deflate = Compress::new(Compression::best(), true);
        deflate.set_dictionary(DICTIONARY).map_err(|error| Error::Compression(error.to_string()))?;
        Ok(HeaderEncoder(deflate))
    }

    /// The next block.
    pub(super) fn encode(&mut self, headers: &Headers) -> Result<Vec<u8>, Error> {
        let length = |text: &str| u32::try_from(text.len()).map_err(|_| Error::Malformed("a header is too long"));
        let mut text = Vec::new();
        text.put_u32(headers.0.len() as u32);
        for (name, value) in &headers.0 {
            text.put_u32(length(name)?);
            text.put_slice(name.to_ascii_lowercase().as_bytes());
            text.put_u32(length(value)?);
            text.put_slice(value.as_bytes());
        }
        let mut rest = text.as_slice();
        let mut block = Vec::with_capacity(CHUNK_BYTES);
        loop {
            let before = self.0.total_in();
            let result = self.0.compress_vec(rest, &mut block, FlushCompress::Sync);
            result.map_err(|error| Error::Compression(error.to_string()))?;
            rest.advance(usize::try_from(self.0.total_in() - before).unwrap_or(rest.len()));
            // Room that is left says that everything has been flushed.
            if rest.is_empty() && block.len() < block.capacity() {
                return Ok(block);
            }
            block.reserve(CHUNK_BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        Headers(pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
    }

    /// `streamtype: error` and `port: 80`, then `streamtype: data`, as another implementation of zlib writes them.
    const FIRST: &[u8] = &[
        0x78, 0xf9, 0xe3, 0xc6, 0xa7, 0xc2, 0x02, 0xe5, 0x0e, 0x70, 0x3a, 0x2b, 0x29, 0x4a, 0x4d, 0xcc, 0x85, 0x16,
        0x25, 0xac, 0xa9, 0xa0, 0x80, 0x86, 0x14, 0xcb, 0x45, 0xa0, 0x24, 0xcc, 0x64, 0x61, 0x00, 0x00, 0x00, 0x00,
        0xff, 0xff,
    ];
    const SECOND: &[u8] = &[0x02, 0x92, 0x8c, 0x18, 0x0a, 0x41, 0x65, 0x4e, 0x22, 0x00, 0x00, 0x00, 0xff, 0xff];

    #[test]
    fn blocks_share_one_compression() {
        let mut decoder = HeaderDecoder::new();
        assert_eq!(decoder.decode(FIRST).unwrap(), headers(&[("streamtype", "error"), ("port", "80")]));
        assert_eq!(decoder.decode(SECOND).unwrap(), headers(&[("streamtype", "data")]));
        assert!(HeaderDecoder::new().decode(SECOND).is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        let (mut encoder, mut decoder) = (HeaderEncoder::new().unwrap(), HeaderDecoder::new());
        let noise: String = (0..20_000u32).map(|index| char::from(33 + (index * index % 89) as u8)).collect();
        for pairs in [&[][..], &[("port", "8080"), ("noise", &noise)], &[("port", "8081")]] {
            let block = encoder.encode(&headers(pairs)).unwrap();
            assert_eq!(decoder.decode(&block).unwrap(), headers(pairs));
        }
        let block = HeaderEncoder::new().unwrap().encode(&Headers::default()).unwrap();
        assert_eq!(block[..6], [0x78, 0xf9, 0xe3, 0xc6, 0xa7, 0xc2], "the checksum of the dictionary");
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(headers(&[("streamtype", "data\0error")]).get("streamType"), Some("data"));
    }

    #[test]
    fn a_block_cannot_grow_without_bound() {
        let huge = "x".repeat(BLOCK_LIMIT_BYTES);
        let block = HeaderEncoder::new().unwrap().encode(&headers(&[("a", &huge)])).unwrap();
        assert!(block.len() < 1024);
        assert!(HeaderDecoder::new().decode(&block).is_err());
    }

    #[test]
    fn lengths_are_checked() {
        for text in [&[0, 0, 0][..], &[0, 0, 0, 1, 0, 0, 0, 9, b'x'], &[0, 0, 0, 0, 1], &[0xff; 4]] {
            assert!(parse(Bytes::copy_from_slice(text)).is_err(), "{text:?}");
        }
    }
}
