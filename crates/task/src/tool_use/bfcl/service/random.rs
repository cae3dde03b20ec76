//! Python's random numbers: the Mersenne Twister (Matsumoto and Nishimura 1998) as `random.Random(seed)` uses it.

const N: usize = 624;
const M: usize = 397;

/// A generator.
#[derive(Debug, Clone)]
pub(super) struct Random {
    state: Vec<u32>,
    at: usize,
}

impl Random {
    /// The generator of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let words = [seed as u32, (seed >> 32) as u32];
        let key = if words[1] == 0 { &words[..1] } else { &words[..] };
        let mut state = vec![0_u32; N];
        state[0] = 19_650_218;
        for i in 1..N {
            let before = state[i - 1] ^ (state[i - 1] >> 30);
            state[i] = 1_812_433_253_u32.wrapping_mul(before).wrapping_add(i as u32);
        }
        let (mut i, mut j) = (1, 0);
        for _ in 0..N {
            let before = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_664_525);
            state[i] = (state[i] ^ before).wrapping_add(key[j]).wrapping_add(j as u32);
            i = Self::following(&mut state, i);
            j = (j + 1) % key.len();
        }
        for _ in 1..N {
            let before = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_566_083_941);
            state[i] = (state[i] ^ before).wrapping_sub(i as u32);
            i = Self::following(&mut state, i);
        }
        state[0] = 0x8000_0000;
        Self { state, at: N }
    }

    fn following(state: &mut [u32], i: usize) -> usize {
        if i + 1 < N {
            return i + 1;
        }
        state[0] = state[N - 1];
        1
    }

    fn word(&mut self) -> u32 {
        if self.at >= N {
            for i in 0..N {
                let bits = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
                let twist = if bits & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + M) % N] ^ (bits >> 1) ^ twist;
            }
            self.at = 0;
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn unit(&mut self) -> f64 {
        let (high, low) = (f64::from(self.word() >> 5), f64::from(self.word() >> 6));
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn whole(&mut self, low: u64, high: u64) -> u64 {
        let range = high - low + 1;
        let bits = u64::BITS - range.leading_zeros();
        loop {
            let drawn = if bits <= 32 {
                u64::from(self.word() >> (32 - bits))
            } else {
                u64::from(self.word()) | u64::from(self.word() >> (64 - bits)) << 32
            };
            if drawn < range {
                return low + drawn;
            }
        }
    }

    /// A float between two.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_python() {
        let mut random = Random::new(200_191);
        assert_eq!([(); 4].map(|()| random.whole(10_000, 99_999)), [67_410, 41_772, 24_547, 24_421]);
        let mut random = Random::new(141_053);
        assert_eq!(random.whole(100_000_000_000, 999_999_999_999), 262_919_693_687);
        assert_eq!(random.whole(10_000, 99_999), 44_620);
        let mut random = Random::new(141_053);
        assert_eq!(random.between(-10.0, 40.0), 36.634_857_037_905_35);
        assert_eq!(random.between(0.0, 120.0), 99.119_254_288_794_05);
    }
}
