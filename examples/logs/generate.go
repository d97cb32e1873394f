package logs

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Generate writes a synthetic access log of exactly lines lines, mostly in the
// combined format, as a mid-sized site would produce it: paths and visitors
// drawn from Zipf distributions, visitors on IPv4 and IPv6 with one agent each,
// a daily rhythm, crawlers, probes that are not HTTP, and about one line in a
// thousand that is damaged: cut off, empty, too long or binary garbage.
//
// Equal arguments give equal bytes on every machine: all arithmetic is on
// integers.
func Generate(w io.Writer, seed uint64, lines int) error {
	b := bufio.NewWriterSize(w, 1<<16)
	g := newGenerator(seed, lines)
	for i := range lines {
		line := g.line(i)
		if _, err := b.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("write log: %w", err)
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

// generator draws log lines.
type generator struct {
	random   *rand.Rand
	paths    []page
	path     zipf
	visitors []visitor
	visitor  zipf
	now      time.Time
	step     time.Duration // mean distance of two lines
	buf      []byte
}

// page is a path of the site with the size of its response.
type page struct {
	path string
	size int
	// query is appended to some requests.
	query string
}

// visitor is one client.
type visitor struct {
	address, agent, user string
}

func newGenerator(seed uint64, lines int) *generator {
	g := &generator{random: rand.New(rand.NewPCG(seed, 0x6b72616b6f)), buf: make([]byte, 0, 512)}
	g.now = time.Date(2026, time.March, 27, 0, 0, 0, 0, time.FixedZone("", 3600))
	g.step = 72 * time.Hour / time.Duration(max(lines, 1))
	g.paths = g.makePages()
	g.path = newZipf(len(g.paths))
	g.visitors = g.makeVisitors(max(16, lines/12))
	g.visitor = newZipf(len(g.visitors))
	return g
}

// line returns line i without its end; it is valid until the next call.
func (g *generator) line(i int) []byte {
	g.tick()
	g.buf = g.buf[:0]
	switch n := g.random.IntN(100_000); {
	case n < 100:
		return g.damaged(i)
	case n < 400:
		g.probe()
	default:
		g.request()
	}
	return g.buf
}

// tick moves the clock: traffic at four in the morning is a third of that in
// the afternoon.
func (g *generator) tick() {
	step := g.step * time.Duration(g.random.IntN(2000)) / 1000
	if h := g.now.Hour(); h >= 1 && h < 7 {
		step *= 3
	}
	g.now = g.now.Add(step)
}

// request appends a request of a page by a visitor.
func (g *generator) request() {
	v := g.visitors[g.visitor.draw(g.random)]
	p := g.paths[g.path.draw(g.random)]
	method, target := "GET", p.path
	switch n := g.random.IntN(100); {
	case n < 3:
		method = "HEAD"
	case n < 7:
		method = "POST"
	case n < 30 && p.query != "":
		target += fmt.Sprintf(p.query, g.random.IntN(5000))
	}
	status, size := g.response(method, p)
	g.prefix(v.address, v.user)
	g.buf = fmt.Appendf(g.buf, `"%s %s HTTP/%s" %d %s`, method, target, g.protocol(), status, size)
	if g.random.IntN(50) > 0 { // one line in fifty is in the common format
		g.buf = fmt.Appendf(g.buf, ` "%s" "%s"`, g.referrer(p), v.agent)
	}
}

func (g *generator) response(method string, p page) (status int, size string) {
	size = fmt.Sprint(p.size + g.random.IntN(p.size/8+1))
	switch n := g.random.IntN(1000); {
	case method == "HEAD":
		return 200, "-"
	case method == "POST" && n < 700:
		return 201, fmt.Sprint(40 + n)
	case n < 80:
		return 304, "-"
	case n < 100:
		return 301, "178"
	case n < 150:
		return 404, "1245"
	case n < 156:
		return 500, "-"
	case n < 160:
		return 503, "0"
	}
	return 200, size
}

func (g *generator) protocol() string {
	return pick(g.random, []string{"1.1", "1.1", "2.0", "2.0", "2.0", "1.0"})
}

func (g *generator) referrer(p page) string {
	switch n := g.random.IntN(10); {
	case n < 4:
		return "-"
	case n < 6:
		return `https://search.example/?q=\"` + p.path[1:] + `\"`
	}
	return "https://www.example.org" + g.paths[g.path.draw(g.random)].path
}

// probe appends a line of a client that does not speak HTTP.
func (g *generator) probe() {
	g.prefix(g.address(), "-")
	switch g.random.IntN(3) {
	case 0:
		g.buf = append(g.buf, `"\x16\x03\x01\x02\x00\x01" 400 226 "-" "-"`...)
	case 1:
		g.buf = append(g.buf, `"-" 408 - "-" "-"`...)
	default:
		g.buf = append(g.buf, `"GET /" 400 226`...)
	}
}

// prefix appends the fields before the request.
func (g *generator) prefix(address, user string) {
	g.buf = fmt.Appendf(g.buf, "%s - %s [%s] ", address, user, g.now.Format("02/Jan/2006:15:04:05 -0700"))
}

// damaged returns a line that is no log line.
func (g *generator) damaged(i int) []byte {
	kind := i % 5
	if kind == 4 && g.random.IntN(10) > 0 {
		kind = 3 // very long lines are rare
	}
	switch kind {
	case 0:
		return nil
	case 1: // the server was killed while writing
		g.request()
		return g.buf[:g.random.IntN(60)]
	case 2:
		g.request()
		g.buf[0] = ' '
		return append(g.buf, `" "`...)
	case 4:
		g.prefix(g.address(), "-")
		g.buf = append(g.buf, `"GET /`...)
		for range 70_000 {
			g.buf = append(g.buf, 'A')
		}
		return append(g.buf, ` HTTP/1.1" 414 0 "-" "-"`...)
	}
	for range 20 + g.random.IntN(200) {
		g.buf = append(g.buf, garbage(g.random))
	}
	return g.buf
}

// garbage is any byte but the line feed.
func garbage(r *rand.Rand) byte {
	if c := byte(r.IntN(255)); c < '\n' {
		return c
	} else {
		return c + 1
	}
}
