package logs

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sort"
)

// zipf draws ranks 0…n-1 with probability proportional to 1/(rank+1).
type zipf struct{ cumulative []int64 }

func newZipf(n int) zipf {
	z := zipf{cumulative: make([]int64, n)}
	sum := int64(0)
	for i := range z.cumulative {
		sum += 1 << 32 / int64(i+1)
		z.cumulative[i] = sum
	}
	return z
}

func (z zipf) draw(r *rand.Rand) int {
	x := r.Int64N(z.cumulative[len(z.cumulative)-1])
	return sort.Search(len(z.cumulative), func(i int) bool { return z.cumulative[i] > x })
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// makePages returns the site, most popular page first.
func (g *generator) makePages() []page {
	pages := []page{
		{"/", 14_200, ""},
		{"/assets/app.css", 48_100, "?v=%d"},
		{"/assets/app.js", 212_400, "?v=%d"},
		{"/favicon.ico", 1_150, ""},
		{"/robots.txt", 312, ""},
		{"/search", 9_800, "?q=krak%%C3%%A9n&page=%d"},
		{"/api/v1/status", 180, ""},
		{"/api/v1/items", 7_400, "?after=%d"},
	}
	for i := range 400 {
		kind := pick(g.random, []string{"blog", "docs", "img", "download", "user"})
		size := 400 + g.random.IntN(60_000)
		if kind == "download" {
			size *= 400
		}
		pages = append(pages, page{path: fmt.Sprintf("/%s/%s-%d", kind, pick(g.random, words()), i), size: size})
	}
	return pages
}

func words() []string {
	return []string{
		"arm", "beak", "current", "depth", "eddy", "fathom", "grip", "harbour", "ink", "jet", "keel", "lagoon", "maelstrom",
		"na%C3%AFve", "ocean", "polyp", "quay", "reef", "sucker", "tide", "undertow", "vortex", "wreck",
	}
}

func (g *generator) makeVisitors(n int) []visitor {
	visitors := make([]visitor, n)
	for i := range visitors {
		user := "-"
		if g.random.IntN(40) == 0 {
			user = "member" + fmt.Sprint(i)
		}
		visitors[i] = visitor{address: g.address(), agent: pick(g.random, agents()), user: user}
	}
	return visitors
}

// address draws from the blocks set aside for documentation and private use; a
// third of all visitors come over IPv6.
func (g *generator) address() string {
	r := g.random
	if r.IntN(3) > 0 {
		return netip.AddrFrom4([4]byte{10, byte(r.IntN(256)), byte(r.IntN(256)), byte(1 + r.IntN(254))}).String()
	}
	a := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	a[5], a[7], a[15] = byte(r.IntN(8)), byte(r.IntN(256)), byte(r.IntN(256))
	if r.IntN(2) == 0 {
		a[8], a[9] = byte(r.IntN(256)), 1
	}
	return netip.AddrFrom16(a).String()
}

func agents() []string {
	return []string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:138.0) Gecko/20100101 Firefox/138.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/about)",
		`monitor \"uptime\" 3.2 \\ region eu`,
		"curl/8.5.0",
		"Go-http-client/2.0",
		"-",
	}
}
