package gateway

import (
	"embed"
	"net/http"
	"path"

	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// explorer is a page that shows the OpenAPI document and makes requests by it. It
// is part of the gateway, so that it works where nothing else can be reached.
//
//go:embed explorer
var explorer embed.FS

// explorerPolicy lets the page load and call this gateway and nothing else: no
// markup that got into it by mistake could run, or carry a key elsewhere.
const explorerPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// explorerTypes are the files of the page.
var explorerTypes = map[string]string{
	"index.html": "text/html; charset=utf-8", "style.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8",
	"icon.svg": "image/svg+xml",
}

// explorerRoutes serves the page at /explorer. It needs no key: it is the same
// for everybody and knows nothing.
func explorerRoutes(mux humago.Mux) {
	for name, mediaType := range explorerTypes {
		at := "/explorer/" + name
		if name == "index.html" {
			at = "/explorer"
		}
		mux.HandleFunc("GET "+at, func(w http.ResponseWriter, _ *http.Request) {
			content, err := explorer.ReadFile(path.Join("explorer", name))
			if err != nil {
				newProblem(err).write(w)
				return
			}
			h := w.Header()
			h.Set("Content-Type", mediaType)
			h.Set("Content-Security-Policy", explorerPolicy)
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			_, _ = w.Write(content) // a client that left needs no page
		})
	}
}
