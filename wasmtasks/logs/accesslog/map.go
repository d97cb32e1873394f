package accesslog

import (
	"fmt"
	"io"
	"strconv"
)

// Map reads one chunk of a log, whole lines, and returns its partial: a JSON
// document for Reduce. The only error is that of reading.
func Map(chunk io.Reader) ([]byte, error) {
	m := mapper{header: header{Version: version, Examples: []BadLine{}}}
	for s := range m.tables {
		m.tables[s] = table{}
	}
	if err := eachLine(chunk, m.line); err != nil {
		return nil, fmt.Errorf("read chunk: %w", err)
	}
	return encodePartial(m.header, &m.tables)
}

// mapper counts the lines of a chunk.
type mapper struct {
	header header
	tables [sectionCount]table
	key    []byte // scratch
}

func (m *mapper) line(b []byte, long bool) {
	m.header.Lines++
	if long {
		m.malformed(b, errTooLong)
		return
	}
	l, err := Parse(b)
	if err != nil {
		m.malformed(b, err)
		return
	}
	m.header.Bytes += l.Size
	m.add(clients, appendClient(m.key[:0], l.Client))
	m.add(hours, strconv.AppendInt(m.key[:0], l.Hour, 10))
	m.add(statuses, strconv.AppendInt(m.key[:0], int64(l.Status), 10))
	m.add(sizes, strconv.AppendInt(m.key[:0], l.Size, 10))
	if l.Agent != nil {
		m.add(agents, appendText(m.key[:0], l.Agent))
	}
	if l.Method == nil {
		m.header.InvalidRequests++
		return
	}
	m.add(methods, l.Method)
	m.add(paths, appendPath(m.key[:0], l.Target))
}

// add counts key, and keeps its memory as scratch.
func (m *mapper) add(s section, key []byte) {
	m.tables[s].add(key)
	if s != methods { // a method is a slice of the line
		m.key = key
	}
}

func (m *mapper) malformed(b []byte, reason error) {
	m.header.Malformed++
	if len(m.header.Examples) == maxExamples {
		return
	}
	text := appendText(nil, b[:min(len(b), sampleBytes)])
	m.header.Examples = append(m.header.Examples, BadLine{Line: m.header.Lines, Reason: reason.Error(), Text: string(text)})
}
