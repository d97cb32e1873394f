package accesslog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

var options = Options{Top: 3, Examples: 4}

// summarise runs the whole of map and reduce over a log cut before the given
// line numbers.
func summarise(t testing.TB, log string, cuts ...int) Report {
	t.Helper()
	lines := strings.SplitAfter(log, "\n")
	var partials [][]byte
	at := 0
	for _, cut := range append(cuts, len(lines)) {
		partial, err := Map(strings.NewReader(strings.Join(lines[at:cut], "")))
		if err != nil {
			t.Fatal(err)
		}
		partials = append(partials, partial)
		at = cut
	}
	r, err := Reduce(options, sources(partials...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sources(partials ...[]byte) []Source {
	list := make([]Source, len(partials))
	for i, p := range partials {
		list[i] = Source{Name: fmt.Sprintf("p%d", i), Reader: bytes.NewReader(p)}
	}
	return list
}

const sample = `10.0.0.1 - - [27/Mar/2026:10:00:00 +0100] "GET /a?x=1 HTTP/1.1" 200 100 "-" "curl/8"
10.0.0.2 - - [27/Mar/2026:10:59:59 +0100] "GET /a HTTP/1.1" 200 300 "-" "curl/8"

::ffff:10.0.0.1 - - [27/Mar/2026:11:00:00 +0100] "POST /b HTTP/1.1" 201 -
not a line` + "\x00\xff" + `
2001:db8::1 - - [27/Mar/2026:09:30:00 +0000] "\x16\x03" 400 200 "-" "-"
2001:DB8:0::1 - - [27/Mar/2026:10:30:00 +0000] "GET /c HTTP/1.1" 404 0 "-" "a \"b\""`

func TestReport(t *testing.T) {
	want := Report{
		Lines: 7, Malformed: 2, InvalidRequests: 1, Bytes: 600, UniqueVisitors: 3,
		Sizes:    &Sizes{P50: 100, P95: 300, P99: 300, Max: 300},
		Methods:  Table{Rows: []Row{{"GET", 3}, {"POST", 1}}, Distinct: 2},
		Statuses: Table{Rows: []Row{{"200", 2}, {"201", 1}, {"400", 1}}, Distinct: 4, Other: 1},
		Paths:    Table{Rows: []Row{{"/a", 2}, {"/b", 1}, {"/c", 1}}, Distinct: 3},
		Agents:   Table{Rows: []Row{{"curl/8", 2}, {`a "b"`, 1}}, Distinct: 2},
		Hours: Table{Rows: []Row{
			{"2026-03-27T09:00:00Z", 3}, {"2026-03-27T10:00:00Z", 2},
		}, Distinct: 2},
		MalformedLines: []BadLine{
			{Line: 3, Reason: errTimestamp.Error()},
			{Line: 5, Reason: errTimestamp.Error(), Text: `not a line\x00\xff`},
		},
	}
	for cut := range 8 {
		t.Run(fmt.Sprintf("cut before line %d", cut+1), func(t *testing.T) {
			if diff := cmp.Diff(want, summarise(t, sample, min(cut, 7))); diff != "" {
				t.Errorf("report differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmptyLog(t *testing.T) {
	got := summarise(t, "")
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if got.Lines != 0 || got.Sizes != nil || bytes.Contains(b, []byte("null")) {
		t.Errorf("report of nothing is %s", b)
	}
}

func TestCarriageReturnsAreLineEnds(t *testing.T) {
	want := summarise(t, sample)
	got := summarise(t, strings.ReplaceAll(sample, "\n", "\r\n"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report differs (-LF +CRLF):\n%s", diff)
	}
}

func TestLongLinesAreCountedAndShown(t *testing.T) {
	prefix := `10.0.0.1 - - [27/Mar/2026:10:00:00 +0100] "GET /`
	suffix := ` HTTP/1.1" 200 1`
	line := func(n int) string { return prefix + strings.Repeat("a", n-len(prefix)-len(suffix)) + suffix }
	for _, tc := range []struct {
		length int
		bad    int64
	}{{MaxLine, 0}, {MaxLine + 1, 1}, {MaxLine + 2, 1}, {MaxLine + 3, 1}, {5 * MaxLine, 1}} {
		for _, end := range []string{"\n", "\r\n"} {
			got := summarise(t, line(100)+end+line(tc.length)+end+line(100))
			if got.Lines != 3 || got.Malformed != tc.bad {
				t.Errorf("length %d, end %q: %d lines, %d malformed, want 3, %d", tc.length, end, got.Lines, got.Malformed, tc.bad)
			}
			if tc.bad == 1 && (got.MalformedLines[0].Line != 2 || len(got.MalformedLines[0].Text) != sampleBytes) {
				t.Errorf("length %d shows %+v", tc.length, got.MalformedLines[0])
			}
		}
	}
}

func TestPercentilesAreNearestRank(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 220; n++ {
		p := percentiles{total: int64(n)}
		var sizes []int64 // ascending, with repetitions
		size, left := int64(0), n
		for left > 0 {
			size += int64(random.IntN(50))
			count := 1 + random.IntN(min(left, 5))
			left -= count
			p.add(size, int64(count))
			for range count {
				sizes = append(sizes, size)
			}
			size++
		}
		rank := func(percent int) int64 { return sizes[(n*percent+99)/100-1] }
		want := Sizes{P50: rank(50), P95: rank(95), P99: rank(99), Max: sizes[n-1]}
		if p.sizes != want {
			t.Fatalf("of %d sizes: %+v, want %+v", n, p.sizes, want)
		}
	}
}

func TestRankingKeepsTheMostFrequent(t *testing.T) {
	table := Table{}
	for i, count := range []int64{5, 1, 9, 5, 7, 9, 1} {
		table.rank([]byte{byte('a' + i)}, count, 3)
	}
	want := Table{Rows: []Row{{"c", 9}, {"f", 9}, {"e", 7}}, Distinct: 7, Other: 12}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("ranking differs (-want +got):\n%s", diff)
	}
}

func TestReduceRefusesWhatMapDoesNotWrite(t *testing.T) {
	good, err := Map(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("partial has no %s: %s", old, good)
		}
		return bytes.Replace(good, []byte(old), []byte(new), 1)
	}
	for _, tc := range []struct {
		name, want string
		partial    []byte
	}{
		{"empty", `want {`, nil},
		{"other JSON", `want {`, []byte(`[]`)},
		{"other version", "version 2", replace(`"version":1`, `"version":2`)},
		{"unknown field", "header", replace(`"version":1`, `"version":1,"more":2`)},
		{"impossible header", "impossible counts", replace(`"malformed":2`, `"malformed":9`)},
		{"lost examples", "examples", replace(`"malformed":2`, `"malformed":1`)},
		{"other section", `want`, replace(`"agents"`, `"agnets"`)},
		{"unsorted", "does not come after", replace(`["GET",3],["POST",1]`, `["POST",1],["GET",3]`)},
		{"repeated", "does not come after", replace(`["GET",3],["POST",1]`, `["GET",2],["GET",1]`)},
		{"count of zero", "positive", replace(`["GET",3]`, `["GET",0]`)},
		{"count that is no number", "positive", replace(`["GET",3]`, `["GET",3.5]`)},
		{"sum too small", "methods", replace(`["GET",3]`, `["GET",2]`)},
		{"sum too large", "agents", replace(`["curl/8",2]`, `["curl/8",9]`)},
		{"size that is no number", "not a number", replace(`["100",1]`, `["1x0",1]`)},
		{"bad escape", "key", replace(`["GET",3]`, `["G\qT",3]`)},
		{"cut off", "want", good[:len(good)-1]},
		{"cut off in a key", "cut off", good[:bytes.Index(good, []byte("GET"))]},
		{"data after", "after its end", append(bytes.Clone(good), '\n')},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Reduce(options, sources(good, tc.partial))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about %q", err, tc.want)
			}
		})
	}
}

func TestReduceChecksItsOptions(t *testing.T) {
	for _, opts := range []Options{{Top: 0}, {Top: 1001}, {Top: 1, Examples: -1}, {Top: 1, Examples: 101}} {
		if _, err := Reduce(opts, nil); err == nil {
			t.Errorf("options %+v are accepted", opts)
		}
	}
}

func TestReadErrorsAreReported(t *testing.T) {
	broken := iotest.ErrReader(io.ErrClosedPipe)
	if _, err := Map(io.MultiReader(strings.NewReader(sample), broken)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("map: error %v", err)
	}
	good, _ := Map(strings.NewReader(sample))
	for n := range len(good) {
		r := io.MultiReader(bytes.NewReader(good[:n]), broken)
		if _, err := Reduce(options, []Source{{Name: "p0", Reader: r}}); err == nil || !strings.Contains(err.Error(), `"p0"`) {
			t.Fatalf("reduce of %d bytes: error %v does not name the partial", n, err)
		}
	}
}

// TestReduceDoesNotGrowWithTheLog gives reduce many distinct clients and paths
// and looks at what it allocates, which must be a matter of the partials'
// number and not of their size.
func TestReduceDoesNotGrowWithTheLog(t *testing.T) {
	allocated := func(lines int) float64 {
		var partials [][]byte
		for chunk := range 4 {
			var b strings.Builder
			for i := range lines {
				fmt.Fprintf(&b, "10.%d.%d.%d - - [27/Mar/2026:10:00:00 +0100] \"GET /%d/%d HTTP/1.1\" 200 %d\n", chunk, i>>8, i&255, chunk, i, i)
			}
			p, err := Map(strings.NewReader(b.String()))
			if err != nil {
				t.Fatal(err)
			}
			partials = append(partials, p)
		}
		return testing.AllocsPerRun(1, func() {
			if _, err := Reduce(options, sources(partials...)); err != nil {
				t.Fatal(err)
			}
		})
	}
	if small, large := allocated(100), allocated(10_000); large > 2*small {
		t.Errorf("%.0f allocations for 400 lines, %.0f for 40,000", small, large)
	}
}

// FuzzMapReduce checks that any bytes are a log, that no line is lost, and that
// it does not matter where the log is cut.
func FuzzMapReduce(f *testing.F) {
	f.Add([]byte(sample), 3)
	f.Add([]byte("\n\n\r\n"), 1)
	f.Fuzz(func(t *testing.T, log []byte, cut int) {
		lines := bytes.Count(log, []byte("\n"))
		if len(log) > 0 && log[len(log)-1] != '\n' {
			lines++
		}
		whole := summarise(t, string(log))
		if whole.Lines != int64(lines) {
			t.Fatalf("%d lines counted, %d there", whole.Lines, lines)
		}
		parts := summarise(t, string(log), min(max(cut, 0), bytes.Count(log, []byte("\n"))+1))
		if diff := cmp.Diff(whole, parts); diff != "" {
			t.Fatalf("cut log differs:\n%s", diff)
		}
	})
}

// FuzzReduce feeds bytes that no map wrote.
func FuzzReduce(f *testing.F) {
	good, _ := Map(strings.NewReader(sample))
	f.Add(good)
	f.Fuzz(func(t *testing.T, partial []byte) {
		r, err := Reduce(options, sources(partial))
		if err == nil && r.Malformed+r.InvalidRequests > r.Lines {
			t.Fatalf("unsound report %+v", r)
		}
	})
}
