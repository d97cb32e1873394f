package archtest

import (
	"go/ast"
	"slices"
	"testing"
)

// pure lists the packages that give the same output for the same input, so that
// replaying the log rebuilds the same state.
var pure = []string{
	"llmpod/slots", "llmpod/residence", "llmpod/scoring",
	"contracts", "contracts/dag", "contracts/dagcbor", "contracts/envelope", "contracts/jcs", "contracts/jsonpointer", "contracts/merkle",
	"coordinator/access", "coordinator/session", "coordinator/placement", "coordinator/fair", "coordinator/cache", "coordinator/garbage", "coordinator/pressure", "coordinator/straggler", "coordinator/verify", "coordinator/docket", "coordinator/paged", "coordinator/trust", "coordinator/referee", "coordinator/billing", "coordinator/credit", "coordinator/capacity", "coordinator/survey", "node/volunteer", "kora/localbackend/session", "kora/plan", "kora/audr", "kora/layout", "kora/ir",
}

var (
	impureImports = []string{"os", "net", "net/http", "math/rand", "math/rand/v2", "crypto/rand", "log/slog", "log"}
	impureTime    = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
)

func TestPurePackages(t *testing.T) {
	tree, fset := readTree(t)
	for _, name := range pure {
		p, ok := tree[name]
		if !ok {
			t.Errorf("%s is in the list of pure packages but not in the tree", name)
			continue
		}
		for imp, pos := range p.imports {
			if slices.Contains(impureImports, imp) {
				t.Errorf("%s: pure package imports %s", pos, imp)
			}
		}
		for _, file := range p.files {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					t.Errorf("%s: pure package starts a goroutine", fset.Position(n.Pos()))
				case *ast.SelectorExpr:
					if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(impureTime, n.Sel.Name) {
						t.Errorf("%s: pure package calls time.%s", fset.Position(n.Pos()), n.Sel.Name)
					}
				}
				return true
			})
		}
	}
}
