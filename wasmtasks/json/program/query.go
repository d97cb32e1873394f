// Package program runs programs of jq on JSON documents. Whole numbers of any size
// and the digits of numbers that nothing is calculated with are kept. The package
// promises not to give a program a clock, an environment or files.
package program

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"github.com/krako-labs/krako/wasmtasks/data/value"
	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// QueryInput is a document and a program of jq.
type QueryInput struct {
	Document  value.Source               `json:"document"`
	Query     string                     `json:"query" jsonschema:"minLength=1,maxLength=10000" jsonschema_description:"a jq program; sums and products of numbers with a fraction are those of doubles, as in jq"`
	Variables map[string]json.RawMessage `json:"variables,omitempty" jsonschema_description:"values of $name by name"`
	Limit     int                        `json:"limit,omitempty" jsonschema:"minimum=0,maximum=100000" jsonschema_description:"most results to give, 1000 if 0 or absent"`
	value.Form
}

// QueryOutput is the results of a program, in their order. Objects come out with
// sorted members.
type QueryOutput struct {
	Results   []json.RawMessage `json:"results,omitempty"`
	Texts     []string          `json:"texts,omitempty" jsonschema_description:"the results as texts, if these were asked for"`
	Count     int               `json:"count"`
	Truncated bool              `json:"truncated" jsonschema_description:"whether there are more than limit"`
}

// Query runs a program of jq on a document.
func Query(ctx context.Context, in QueryInput) (QueryOutput, error) {
	limit, err := in.check()
	if err != nil {
		return QueryOutput{}, err
	}
	doc, err := in.Document.Read(ctx, "document")
	if err != nil {
		return QueryOutput{}, err
	}
	code, values, err := in.compile()
	if err != nil {
		return QueryOutput{}, err
	}
	var out QueryOutput
	results := code.RunWithContext(ctx, value.Plain(doc), values...)
	for {
		x, ok := results.Next()
		if !ok {
			return out, nil
		}
		if fault, ok := x.(error); ok {
			if halt, ok := errors.AsType[*gojq.HaltError](fault); ok && halt.Value() == nil {
				return out, nil
			}
			return QueryOutput{}, field.Errorf("query", "%v", fault)
		}
		if out.Count == limit {
			out.Truncated = true
			return out, nil
		}
		if err := in.give(&out, x); err != nil {
			return QueryOutput{}, err
		}
	}
}

func (in QueryInput) check() (limit int, err error) {
	if err := field.AtMost("query", len(in.Query), 10_000, "bytes"); err != nil {
		return 0, err
	}
	if in.Query == "" {
		return 0, field.Errorf("query", "is required: a jq program such as .items[].price")
	}
	if err := field.AtMost("variables", len(in.Variables), 100, "variables"); err != nil {
		return 0, err
	}
	if err := field.Between("limit", in.Limit, 0, 100_000); err != nil {
		return 0, err
	}
	if in.Limit == 0 {
		return 1000, in.Form.Check()
	}
	return in.Limit, in.Form.Check()
}

func (in QueryInput) give(out *QueryOutput, x any) error {
	text, err := gojq.Marshal(x)
	if err != nil {
		return field.Errorf("query", "result %d: %v", out.Count, err)
	}
	if in.As == "text" {
		out.Texts = append(out.Texts, string(text))
	} else {
		v, err := value.Parse(text)
		if err != nil {
			return field.Errorf("query", "result %d: %v", out.Count, err)
		}
		given, err := in.Give(v)
		if err != nil {
			return err
		}
		out.Results = append(out.Results, given.Value)
	}
	out.Count++
	return nil
}

// noClock defines what jq has of clocks and zones away: under det-1 time is fuel,
// which nobody who asks for the date wants.
const noClock = `def now: error("there is no clock: give the time as a variable");
def localtime: error("there is no local zone: use gmtime");
def strflocaltime(f): error("there is no local zone: use strftime");
.`

// withoutClock are the definitions of noClock, and clockNames what they define. They
// are parsed when the program starts: a guest begins every unit from there.
var (
	withoutClock = definitions(noClock)
	clockNames   = []string{"now", "localtime", "strflocaltime"}
)

func definitions(program string) []*gojq.FuncDef {
	q, err := gojq.Parse(program)
	if err != nil {
		panic("program: definitions: " + err.Error())
	}
	return q.FuncDefs
}

// init runs a program once, so that what gojq and encoding/json build at their first
// use is there when units begin.
func init() {
	in := QueryInput{Document: value.Source{Value: json.RawMessage(`{"a":[1,"b"]}`)}, Query: `{c: (if .a == null then .d else .a end)}`}
	if _, err := Query(context.Background(), in); err != nil {
		panic("program: " + err.Error())
	}
}

// compile compiles the program with the values of its variables.
func (in QueryInput) compile() (*gojq.Code, []any, error) {
	query, err := gojq.Parse(in.Query)
	if err != nil {
		return nil, nil, field.Errorf("query", "%v", err)
	}
	if query.Meta != nil || len(query.Imports) > 0 {
		return nil, nil, field.Errorf("query", "modules cannot be imported")
	}
	// Definitions that cannot be meant are left out: compiling them takes longer than
	// most programs do.
	if slices.ContainsFunc(clockNames, func(name string) bool { return strings.Contains(in.Query, name) }) {
		query.FuncDefs = slices.Concat(withoutClock, query.FuncDefs)
	}
	names, values, err := in.variables()
	if err != nil {
		return nil, nil, err
	}
	code, err := gojq.Compile(query, gojq.WithVariables(names))
	if err != nil {
		return nil, nil, field.Errorf("query", "%v", err)
	}
	return code, values, nil
}

func (in QueryInput) variables() (names []string, values []any, err error) {
	for _, name := range slices.Sorted(maps.Keys(in.Variables)) {
		v, err := value.Parse(in.Variables[name])
		if err != nil {
			return nil, nil, field.Errorf("variables."+name, "%v", err)
		}
		names, values = append(names, "$"+name), append(values, value.Plain(v))
	}
	return names, values, nil
}
