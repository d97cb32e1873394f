package gateway

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// console is the operator's console: a page that follows the fabric. It is built from
// studio/ui/src/console, of the same parts as KORA Studio, into this directory, and
// committed as that is: the go command needs no Node.
//
//go:embed all:console
var console embed.FS

// consolePolicy lets the page load and call this gateway and nothing else.
const consolePolicy = explorerPolicy + "; font-src 'self'"

// consoleRoutes serves the page at /console. It needs no key: it is the same for
// everybody and knows nothing before somebody gives it one.
func consoleRoutes(mux humago.Mux) {
	files, err := fs.Sub(console, "console")
	if err != nil {
		panic("gateway: " + err.Error()) // the name is a valid one
	}
	server := http.StripPrefix("/console/", http.FileServerFS(files))
	mux.HandleFunc("GET /console", func(w http.ResponseWriter, r *http.Request) {
		pageHeaders(w.Header())
		http.ServeFileFS(w, r, files, "console.html")
	})
	mux.HandleFunc("GET /console/{file...}", func(w http.ResponseWriter, r *http.Request) {
		info, err := fs.Stat(files, r.PathValue("file"))
		if err != nil || info.IsDir() {
			newProblem(errNoPath(r.URL.Path)).write(w)
			return
		}
		pageHeaders(w.Header())
		if strings.HasPrefix(r.PathValue("file"), "assets/") {
			w.Header().Set("Cache-Control", "private, max-age=31536000, immutable") // names change with their content
		}
		server.ServeHTTP(w, r)
	})
}

func pageHeaders(h http.Header) {
	h.Set("Content-Security-Policy", consolePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}
