//! What types and fields mean, in upstream's words: one compressed file, expanded only while asked.

use std::io::Read;

const COMPRESSED: &[u8] = include_bytes!("../schema/descriptions.zlib");

/// The expanded texts (some 1.5 MB): make one, read what is needed, drop it.
pub struct Descriptions {
    text: String,
    /// Where each text ends.
    ends: Vec<u32>,
}

/// Expands all descriptions.
pub fn descriptions() -> Descriptions {
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(COMPRESSED)
        .read_to_string(&mut text)
        .expect("the descriptions that this program carries are text compressed by its own tools");
    let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == 0).map(|(end, _)| end as u32).collect();
    Descriptions { text, ends }
}

/// The description with this number ([`StructType::description`], [`Field::description`]); `None` when
/// upstream wrote none. It expands all of them: for more than one, use [`descriptions`].
///
/// [`StructType::description`]: apimachinery::schema::StructType::description
/// [`Field::description`]: apimachinery::schema::Field::description
pub fn description(index: u32) -> Option<String> {
    descriptions().get(index).map(str::to_owned)
}

impl Descriptions {
    /// The description with this number; `None` when upstream wrote none.
    pub fn get(&self, index: u32) -> Option<&str> {
        let index = index as usize;
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? as usize + 1 };
        let text = self.text.get(start..*self.ends.get(index)? as usize)?;
        (!text.is_empty()).then_some(text)
    }
}
