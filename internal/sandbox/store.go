package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// store keeps what is slow to make again: rewritten modules here, native code
// in wazero's own files beside them. Its checksums find damage, not malice: the
// directory's permissions are what keeps strangers' code out.
type store struct {
	dir      string // "" keeps nothing
	limit    int64
	readOnly bool
	key      string
}

func openStore(cfg Config) (*store, error) {
	if cfg.CacheDir == "" {
		return &store{}, nil
	}
	if err := makePrivate(cfg.CacheDir); err != nil {
		return nil, err
	}
	rules := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%v\nhusk", Profile, rewrite.Version, rewriteOptions(cfg.Uninterrupted)))
	s := &store{dir: cfg.CacheDir, limit: cfg.CacheBytes, readOnly: cfg.ReadOnly, key: hex.EncodeToString(rules[:8])}
	if s.readOnly {
		return s, nil
	}
	return s, s.prune()
}

func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create code cache: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("inspect code cache: %w", err)
	}
	if !info.IsDir() {
		return contracts.Errorf(contracts.CodeValidation, dir, "code cache is not a directory")
	}
	// Windows keeps access in lists that the mode bits do not show; there the
	// user's own directory is what protects the cache.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return contracts.Errorf(contracts.CodeValidation, dir,
			"code cache has mode %04o, want 0700: others could put native code into it", info.Mode().Perm())
	}
	return nil
}

// path names the file of a module as rewritten by this version of the rules.
func (s *store) path(id cid.Cid) string {
	return filepath.Join(s.dir, id.String()+"-"+s.key+".module")
}

// load returns nil, nil if the module is not there or is damaged. What it
// returns is to be released.
func (s *store) load(id cid.Cid) (*prepared, error) {
	if s.dir == "" {
		return nil, nil
	}
	f, err := mapFile(s.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load prepared module: %w", err)
	}
	p, ok := decodePrepared(f.bytes)
	if !ok {
		f.release()
		return nil, nil
	}
	p.file, p.stored = f, true
	if s.readOnly {
		return p, nil
	}
	now := time.Now() // orders files for prune; shows in no result
	if err := os.Chtimes(s.path(id), now, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.release()
		return nil, fmt.Errorf("mark prepared module as used: %w", err)
	}
	return p, nil
}

// save writes the file whole or not at all.
func (s *store) save(id cid.Cid, p *prepared) error {
	if s.dir == "" || s.readOnly {
		return nil
	}
	f, err := os.CreateTemp(s.dir, "new-*")
	if err != nil {
		return fmt.Errorf("save prepared module: %w", err)
	}
	_, err = f.Write(p.encode())
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path(id))
	}
	if err != nil {
		return fmt.Errorf("save prepared module: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return s.prune()
}

// layout says where the parts of a stored module lie.
type layout struct {
	Facts facts
	Wasm  int
	Husk  int
	Data  []int // offset and length of each segment, alternating
}

// castagnoli is the checksum that processors compute themselves: SHA-256 would
// take a tenth of a load.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encode is CRC-32C(rest) ‖ layout as JSON ‖ newline ‖ wasm ‖ husk ‖ segments.
func (p *prepared) encode() []byte {
	l := layout{Facts: p.facts, Wasm: len(p.wasm), Husk: len(p.husk)}
	for _, d := range p.data {
		l.Data = append(l.Data, int(d.offset), len(d.bytes))
	}
	head, err := json.Marshal(l)
	if err != nil {
		panic(fmt.Sprintf("encode layout: %v", err)) // numbers and strings only
	}
	b := make([]byte, crc32.Size, crc32.Size+len(head)+1+len(p.wasm)+len(p.husk))
	b = append(append(b, head...), '\n')
	b = append(append(b, p.wasm...), p.husk...)
	for _, d := range p.data {
		b = append(b, d.bytes...)
	}
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[crc32.Size:], castagnoli))
	return b
}

func decodePrepared(b []byte) (*prepared, bool) {
	if len(b) < crc32.Size || crc32.Checksum(b[crc32.Size:], castagnoli) != binary.BigEndian.Uint32(b) {
		return nil, false
	}
	head, rest, ok := bytes.Cut(b[crc32.Size:], []byte{'\n'})
	var l layout
	if !ok || json.Unmarshal(head, &l) != nil {
		return nil, false
	}
	take := func(n int) (part []byte) {
		if n < 0 || n > len(rest) {
			ok = false
			return nil
		}
		part, rest = rest[:n:n], rest[n:]
		return part
	}
	p := &prepared{facts: l.Facts, wasm: take(l.Wasm)}
	if l.Husk > 0 {
		p.husk = take(l.Husk)
	}
	for ; len(l.Data) >= 2; l.Data = l.Data[2:] {
		p.data = append(p.data, segment{uint32(l.Data[0]), take(l.Data[1])})
	}
	return p, ok
}
