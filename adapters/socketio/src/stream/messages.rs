//! Follows the frames of a WebSocket in what is read, to know how much of a message has come.

/// The largest head of a frame: two bytes, eight of length, four of mask.
const HEAD_MAX: usize = 14;

/// Where in its frames a stream is.
#[derive(Debug, Default)]
pub(super) struct Messages {
    head: [u8; HEAD_MAX],
    head_len: usize,
    /// Payload of the frame that is still to come.
    left: u64,
    /// Of the unfinished message.
    bytes: u64,
    is_control: bool,
    is_last: bool,
}

impl Messages {
    /// More has come.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let here = self.left.min(bytes.len() as u64);
                bytes = bytes.get(here as usize..).unwrap_or_default();
                self.left -= here;
                if !self.is_control {
                    self.bytes += here;
                }
            } else {
                self.head[self.head_len] = bytes[0];
                self.head_len += 1;
                bytes = &bytes[1..];
                if self.head_len < self.head_needs() {
                    continue;
                }
                self.begin_frame();
            }
            if self.left == 0 && self.is_last && !self.is_control {
                self.bytes = 0;
            }
        }
    }

    /// What has come of an unfinished message.
    pub(super) fn partial(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    /// Whether the next byte begins a message.
    pub(super) fn is_between(&self) -> bool {
        self.left == 0 && self.head_len == 0 && self.bytes == 0
    }

    fn head_needs(&self) -> usize {
        if self.head_len < 2 {
            return 2;
        }
        let length = match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        2 + length + mask
    }

    fn begin_frame(&mut self) {
        let [first, second, ..] = self.head;
        let number = |bytes: &[u8]| {
            let digits = bytes.iter();
            digits.fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        self.left = match second & 0x7f {
            126 => number(&self.head[2..4]),
            127 => number(&self.head[2..10]),
            small => u64::from(small),
        };
        self.is_control = first & 0x08 != 0;
        self.is_last = first & 0x80 != 0;
        self.head_len = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: u8 = 1;
    const PING: u8 = 9;

    fn frame(opcode: u8, is_last: bool, bytes: usize) -> Vec<u8> {
        let mut frame = vec![opcode | if is_last { 0x80 } else { 0 }];
        match bytes {
            0..126 => frame.push(0x80 | bytes as u8),
            126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((bytes as u16).to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((bytes as u64).to_be_bytes());
            }
        }
        frame.extend([0xff; 4]);
        frame.extend(vec![0xff; bytes]);
        frame
    }

    #[test]
    fn an_unfinished_message_counts_until_its_last_frame_is_complete() {
        let mut messages = Messages::default();
        messages.read(&frame(TEXT, true, 5));
        assert_eq!(messages.partial(), 0);
        messages.read(&frame(TEXT, false, 300));
        assert_eq!(messages.partial(), 300);
        messages.read(&frame(PING, true, 100));
        assert_eq!(messages.partial(), 300);
        let last = frame(0, true, 70_000);
        messages.read(&last[..last.len() - 1]);
        assert_eq!(messages.partial(), 300 + 70_000 - 1);
        messages.read(&last[last.len() - 1..]);
        assert_eq!(messages.partial(), 0);
        messages.read(&frame(TEXT, false, 3));
        messages.read(&frame(0, true, 0));
        assert_eq!(messages.partial(), 0);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_are_cut(
            frames in prop::collection::vec((0..3_u8, any::<bool>(), 0..200_usize), 1..20),
            cut in 1..50_usize,
        ) {
            let bytes: Vec<u8> = frames
                .iter()
                .flat_map(|(kind, last, bytes)| {
                    let opcode = [0, TEXT, PING][usize::from(*kind)];
                    frame(opcode, *last || opcode == PING, *bytes)
                })
                .collect();
            let (mut whole, mut parts) = (Messages::default(), Messages::default());
            whole.read(&bytes);
            for part in bytes.chunks(cut) {
                parts.read(part);
            }
            prop_assert_eq!(whole.partial(), parts.partial());
            let mut expected = 0;
            for (kind, last, bytes) in &frames {
                if *kind < 2 {
                    expected = if *last { 0 } else { expected + bytes };
                }
            }
            prop_assert_eq!(whole.partial(), expected);
        }
    }
}
