package smallmodel

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// maxFeatures bounds the n-grams of one text; the rest of a longer text does not
// count.
const maxFeatures = 4096

// Hash of FNV-1a, 64 bits (draft-eastlake-fnv).
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// extractor turns texts into features. It is not safe for concurrent use.
type extractor struct {
	bits     uint
	letters  []byte   // of the words, each between two underscores
	starts   []int    // of the runes of the word in hand
	words    []uint64 // hashes of the words
	features []uint32
}

// extract returns the buckets of a text's features, each once and in ascending
// order: its words, its pairs of neighbouring words, and the runs of three or
// four signs within a word, whose ends count as signs. Case does not count. The slice
// is good until the next call.
func (x *extractor) extract(text string) []uint32 {
	x.features, x.words = x.features[:0], x.words[:0]
	for len(text) > 0 && len(x.features) < maxFeatures {
		text = x.word(text)
	}
	for i := 1; i < len(x.words); i++ {
		x.add(x.words[i-1]*fnvPrime ^ x.words[i])
	}
	slices.Sort(x.features)
	x.features = slices.Compact(x.features)
	return x.features
}

// word takes the next word of a text, a run of letters, marks and digits, and
// returns the rest.
func (x *extractor) word(text string) string {
	x.letters, x.starts = append(x.letters[:0], '_'), append(x.starts[:0], 0)
	end := len(text)
	for at, r := range text {
		if !inWord(r) && len(x.letters) > 1 {
			end = at
			break
		}
		if !inWord(r) {
			continue
		}
		x.starts = append(x.starts, len(x.letters))
		x.letters = utf8.AppendRune(x.letters, unicode.ToLower(r))
	}
	if len(x.letters) > 1 {
		x.starts = append(x.starts, len(x.letters), len(x.letters)+1)
		x.letters = append(x.letters, '_')
		x.grams()
	}
	return text[end:]
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N)
}

const (
	shortestGram = 3
	longestGram  = 4
)

// grams adds the features of the word in hand. A word is told from a run of the
// same signs by another start of the hash.
func (x *extractor) grams() {
	word := uint64(fnvOffset ^ 1)
	for _, c := range x.letters {
		word = (word ^ uint64(c)) * fnvPrime
	}
	x.words = append(x.words, word)
	x.add(word)
	signs := len(x.starts) - 1
	for from := range signs {
		gram := uint64(fnvOffset)
		for n := 1; n <= longestGram && from+n <= signs; n++ {
			for _, c := range x.letters[x.starts[from+n-1]:x.starts[from+n]] {
				gram = (gram ^ uint64(c)) * fnvPrime
			}
			if n >= shortestGram && n < signs {
				x.add(gram)
			}
		}
	}
}

// add notes a feature. The high bits of a product depend on all bits.
func (x *extractor) add(hash uint64) {
	if len(x.features) < maxFeatures {
		hash ^= hash >> 32
		x.features = append(x.features, uint32(hash*0x9e3779b97f4a7c15>>(64-x.bits)))
	}
}
