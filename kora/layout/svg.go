package layout

import (
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

// style is in the file, so that it looks the same wherever it is opened, in light
// and dark surroundings.
const style = `
svg{font-family:Inter,ui-sans-serif,system-ui,"Segoe UI",sans-serif}
.bg{fill:#fbfaf8}.box{fill:#fff;stroke:#d9d5cd}.name{font-size:13px;font-weight:600;fill:#211f1c}.what{font-size:11px;fill:#6a655c}
.edge{fill:none;stroke:#b4aea3;stroke-width:1.4}.waiting{fill:#b4aea3}.success{fill:#1f7a55}.failed{fill:#b3372b}.skipped{fill:#d9d5cd}.running{fill:#3a63c4}
@media (prefers-color-scheme:dark){.bg{fill:#171614}.box{fill:#211f1c;stroke:#3d3a34}.name{fill:#f1eee8}.what{fill:#a8a297}.edge{stroke:#6a655c}.success{fill:#56bd90}.failed{fill:#e8786b}.running{fill:#86a6f0}.skipped{fill:#3d3a34}}
`

// SVG writes what v shows, as d places it, as a picture that stands alone.
func SVG(w io.Writer, v *View, d *Drawing) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img"><title>Task graph, %d boxes</title><style>%s</style>`,
		num(d.Width), num(d.Height), num(d.Width), num(d.Height), len(d.Nodes), style)
	fmt.Fprintf(&b, `<rect class="bg" width="100%%" height="100%%"/>`)
	for i := range d.Edges {
		fmt.Fprintf(&b, `<path class="edge" d="%s"/>`, Path(d.Direction, d.Edges[i].Points))
	}
	for i, p := range d.Nodes {
		x := &v.Boxes[i]
		fmt.Fprintf(&b, `<g transform="translate(%s %s)"><title>%s</title><rect class="box" width="%s" height="%s" rx="9"/><rect class="%s" x="12" y="%s" width="6" height="%s" rx="3"/>`,
			num(p.X), num(p.Y), html.EscapeString(x.Name), num(p.Width), num(p.Height), class(x.State), num(p.Height/2-9), "18")
		fmt.Fprintf(&b, `<text class="name" x="28" y="22">%s</text><text class="what" x="28" y="39">%s</text></g>`,
			html.EscapeString(clip(x.Name, 21)), html.EscapeString(clip(x.What, 26)))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// Path is the data of an SVG path along points: curves between layers, straight
// through them.
func Path(dir Direction, points []Point) string {
	var b strings.Builder
	for i, p := range points {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%s %s", num(p.X), num(p.Y))
		case i%2 == 0:
			fmt.Fprintf(&b, "L%s %s", num(p.X), num(p.Y))
		default:
			q := points[i-1]
			if dir == TopToBottom {
				m := (p.Y + q.Y) / 2
				fmt.Fprintf(&b, "C%s %s %s %s %s %s", num(q.X), num(m), num(p.X), num(m), num(p.X), num(p.Y))
			} else {
				m := (p.X + q.X) / 2
				fmt.Fprintf(&b, "C%s %s %s %s %s %s", num(m), num(q.Y), num(m), num(p.Y), num(p.X), num(p.Y))
			}
		}
	}
	return b.String()
}

// class is the style of a state.
func class(s contracts.UnitState) string {
	switch s {
	case contracts.UnitSuccess:
		return "success"
	case contracts.UnitFailed, contracts.UnitTimeout, contracts.UnitCancelled:
		return "failed"
	case contracts.UnitSkipped:
		return "skipped"
	case contracts.UnitDispatched, contracts.UnitRunning:
		return "running"
	}
	return "waiting"
}

func num(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }
