//! Objects and lists out of the watch cache with no tree in between: kept JSON, and stored protobuf.
//!
//! A list is written while it is sent, chunk by chunk, as fast as the client reads: however long it is and however many
//! clients read lists at the same time, none is ever whole in memory.

use std::{
    collections::VecDeque,
    io::Write as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use apimachinery::{
    Status, Value, json,
    protobuf::{
        self,
        served::{self, Served},
    },
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderValue, header};
use http_body::Frame;
use http_body_util::BodyExt;
use stdx::memory;

use super::{Accept, Body, Format, HttpResponse, View, bytes_response, respond::list_metadata};
use crate::{
    Resource,
    cache::{Cache, Entry},
    handlers::read::ListOf,
};

/// How much of a list is written at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Lists of this size are compressed for clients that take it, as upstream,
const COMPRESSED_FROM_BYTES: usize = 128 << 10;
/// and at upstream's level.
const COMPRESSION: Compression = Compression::new(1);

/// Whether what a client accepts can be had so: whole objects in the version and, for protobuf, the form in which they
/// are stored.
pub(crate) fn serves(resource: &Resource, accept: Accept) -> bool {
    let Some(cache) = &resource.cache else { return false };
    let as_stored = resource.reader.is_none() && resource.conversion.is_none() && accept.view == View::Whole;
    let form = match accept.format {
        Format::Json => true,
        Format::Protobuf => cache.form().custom.is_none(),
        Format::Yaml => false,
    };
    as_stored && form
}

/// One object; `None` when it has to be decoded after all.
pub(crate) fn object_response(
    cache: &Cache,
    entry: &Arc<Entry>,
    format: Format,
) -> Result<Option<HttpResponse>, Status> {
    let bytes = match format {
        Format::Protobuf => cache.protobuf(entry)?,
        _ => Some(cache.json(entry)?),
    };
    Ok(bytes.map(|bytes| bytes_response(200, format.media_type(), bytes)))
}

/// A list.
pub(crate) fn list_response(
    resource: &Resource,
    list: ListOf<Arc<Entry>>,
    format: Format,
    compresses: bool,
) -> Result<HttpResponse, Status> {
    let mut writer = match format {
        Format::Protobuf => Writer::protobuf(resource, list)?,
        _ => Writer::json(resource, list)?,
    };
    let (mut first, mut length) = (VecDeque::new(), 0);
    while length < COMPRESSED_FROM_BYTES {
        let Some(chunk) = writer.chunk()? else {
            return Ok(bytes_response(200, format.media_type(), Vec::from(first).concat()));
        };
        length += chunk.len();
        first.push_back(chunk);
    }
    let gzip = compresses.then(|| GzEncoder::new(Vec::with_capacity(CHUNK_BYTES), COMPRESSION));
    let mut response = bytes_response(200, format.media_type(), Bytes::new());
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if gzip.is_some() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    *response.body_mut() = Body::new(ListBody { first, writer, gzip }.map_err(Into::into));
    Ok(response)
}

/// An item that has not been written yet.
enum Item {
    /// To be written as JSON.
    Json(Arc<Entry>),
    /// A message that is stored, to be served at a revision.
    Stored(Bytes, u64),
    /// A message that had to be made.
    Made(Vec<u8>),
}

/// Writes a list piece by piece.
struct Writer {
    cache: Arc<Cache>,
    head: Vec<u8>,
    items: std::vec::IntoIter<Item>,
    tail: Vec<u8>,
    /// Between items.
    separator: &'static [u8],
    /// Whether an item was written.
    begun: bool,
}

impl Writer {
    fn json(resource: &Resource, list: ListOf<Arc<Entry>>) -> Result<Writer, Status> {
        let mut head = Vec::with_capacity(256);
        head.extend_from_slice(b"{\"kind\":");
        json::write_string(&resource.list_kind(), &mut head);
        head.extend_from_slice(b",\"apiVersion\":");
        json::write_string(&resource.kind.api_version(), &mut head);
        head.extend_from_slice(b",\"metadata\":");
        json::encode(&list_metadata(&list), &mut head);
        head.extend_from_slice(b",\"items\":[");
        let items: Vec<Item> = list.items.into_iter().map(Item::Json).collect();
        Ok(Writer {
            cache: resource.stored()?.clone(),
            head,
            items: items.into_iter(),
            tail: b"]}".to_vec(),
            separator: b",",
            begun: false,
        })
    }

    /// The length of a message stands before it, so all items are measured first.
    fn protobuf(resource: &Resource, list: ListOf<Arc<Entry>>) -> Result<Writer, Status> {
        let cache = resource.stored()?;
        let kind = &resource.kind;
        let bare = match api::type_of(&kind.group, &kind.version, &resource.list_kind()) {
            Some(list_type) => {
                let bare = apimachinery::value!({"metadata": list_metadata(&list)});
                protobuf::encode(&bare, api::schema(), list_type)
            }
            None => return Err(Status::internal(format!("{} is no type", resource.list_kind()))),
        };
        let (mut items, mut length) = (Vec::with_capacity(list.items.len()), 0);
        for entry in &list.items {
            let (item, own_length) = match entry.message() {
                Some(message) => {
                    let served = Served::new(&message, entry.revision());
                    let served = served.map_err(|error| Status::internal(format!("{}: {error}", entry.key())))?;
                    let length = served.length();
                    (Item::Stored(message, entry.revision()), length)
                }
                None => {
                    let object: &Value = &cache.object(entry)?.0;
                    let made = protobuf::encode(object, &resource.schema, resource.type_id);
                    let length = made.len();
                    (Item::Made(made), length)
                }
            };
            items.push(item);
            length += served::item_length(own_length);
        }
        let frame = served::list_frame(&bare, length, &kind.api_version(), &resource.list_kind());
        Ok(Writer {
            cache: cache.clone(),
            head: frame.head,
            items: items.into_iter(),
            tail: frame.tail,
            separator: b"",
            begun: false,
        })
    }

    /// The next bytes; `None` at the end.
    fn chunk(&mut self) -> Result<Option<Bytes>, Status> {
        memory::let_go(CHUNK_BYTES);
        let mut out = std::mem::take(&mut self.head);
        // Room for the item that does not quite fit.
        out.reserve(CHUNK_BYTES + CHUNK_BYTES / 4);
        while out.len() < CHUNK_BYTES {
            let Some(item) = self.items.next() else {
                out.append(&mut self.tail);
                return Ok((!out.is_empty()).then(|| out.into()));
            };
            if std::mem::replace(&mut self.begun, true) {
                out.extend_from_slice(self.separator);
            }
            match item {
                Item::Json(entry) => out.extend_from_slice(&self.cache.json(&entry)?),
                Item::Stored(message, revision) => {
                    let served =
                        Served::new(&message, revision).map_err(|error| Status::internal(error.to_string()))?;
                    served::begin_item(served.length(), &mut out);
                    served.write(&mut out);
                }
                Item::Made(message) => {
                    served::begin_item(message.len(), &mut out);
                    out.extend_from_slice(&message);
                }
            }
        }
        Ok(Some(out.into()))
    }
}

/// A list on its way.
struct ListBody {
    /// What was written before it was known that there is more.
    first: VecDeque<Bytes>,
    writer: Writer,
    gzip: Option<GzEncoder<Vec<u8>>>,
}

impl ListBody {
    /// The next bytes as they are sent; `None` at the end.
    fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            let chunk = match self.first.pop_front() {
                Some(chunk) => Some(chunk),
                None => self.writer.chunk()?,
            };
            let failed = |error: std::io::Error| Status::internal(format!("compress a list: {error}"));
            match (chunk, &mut self.gzip) {
                (Some(chunk), Some(gzip)) => {
                    gzip.write_all(&chunk).map_err(failed)?;
                    if gzip.get_ref().len() >= CHUNK_BYTES {
                        return Ok(Some(std::mem::take(gzip.get_mut()).into()));
                    }
                }
                (None, Some(_)) => {
                    let gzip = self.gzip.take().map(GzEncoder::finish).transpose().map_err(failed)?;
                    return Ok(gzip.map(Bytes::from));
                }
                (chunk, None) => return Ok(chunk),
            }
        }
    }
}

impl http_body::Body for ListBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        // Everything is at hand: it is the client's reading that paces.
        Poll::Ready(self.next().map(|chunk| chunk.map(Frame::data)).transpose())
    }
}
