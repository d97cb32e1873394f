package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const document = `{"user":{"name":"ada","role":"admin","age":36,"groups":["ops","dev"]},"ip":"10.1.2.3","n":null,
	"items":[{"sku":"a","price":5},{"sku":"b","price":50}],"a/b":{"~":1},"text":"größe"}`

// one evaluates a single condition.
func one(t *testing.T, effect, when string) (Output, error) {
	t.Helper()
	return Eval(context.Background(), Input{
		Rules:   []Rule{{ID: "r", Effect: effect, When: json.RawMessage(when)}},
		Combine: "first", Default: map[string]string{allow: deny, deny: allow}[effect], Input: json.RawMessage(document),
	})
}

func TestExpressions(t *testing.T) {
	for when, want := range map[string]truth{
		`true`: yes, `false`: no, `{"all":[]}`: yes, `{"any":[]}`: no, `{"not":false}`: yes,
		`{"eq":[{"at":"/user/role"},"admin"]}`: yes, `{"ne":[{"at":"/user/role"},"admin"]}`: no, `{"eq":[{"at":"/n"},null]}`: yes,
		`{"eq":[{"at":"/user/age"},"36"]}`: no, `{"eq":[{"at":"/a~1b"},{"value":{"~":1}}]}`: yes, `{"eq":[{"at":"/a~1b/~0"},1.0]}`: yes,
		`{"ge":[{"at":"/user/age"},36]}`: yes, `{"lt":[{"at":"/user/age"},36]}`: no, `{"lt":["B","a"]}`: yes, `{"gt":[{"at":"/user/age"},"36"]}`: unknown,
		`{"in":[{"at":"/user/role"},["admin","root"]]}`: yes, `{"has":[{"at":"/user/groups"},"hr"]}`: no, `{"in":["a","abc"]}`: unknown,
		`{"starts":[{"at":"/user/name"},"a"]}`: yes, `{"ends":["abc","b"]}`: no, `{"contains":["abc","b"]}`: yes, `{"contains":[1,"b"]}`: unknown,
		`{"matches":[{"at":"/user/name"},"^[a-z]+$"]}`: yes, `{"cidr":[{"at":"/ip"},"10.0.0.0/8"]}`: yes, `{"cidr":[{"at":"/ip"},"192.168.0.0/16"]}`: no,
		`{"cidr":[{"at":"/text"},"10.0.0.0/8"]}`: unknown, `{"cidr":["::ffff:10.0.0.1","10.0.0.0/8"]}`: yes,
		`{"exists":{"at":"/n"}}`: yes, `{"exists":{"at":"/m"}}`: no, `{"eq":[{"at":"/m"},1]}`: unknown, `{"not":{"eq":[{"at":"/m"},1]}}`: unknown,
		`{"some":[{"at":"/items"},{"gt":[{"item":"/price"},10]}]}`: yes, `{"every":[{"at":"/items"},{"gt":[{"item":"/price"},10]}]}`: no,
		`{"every":[[],false]}`: yes, `{"some":[[],true]}`: no, `{"some":[{"at":"/user"},true]}`: unknown, `{"some":[[1,2],{"eq":[{"item":""},2]}]}`: yes,
		`{"some":[[[1],[2]],{"some":[{"item":""},{"eq":[{"item":""},2]}]}]}`: yes, `{"eq":[{"item":""},1]}`: unknown,
		`{"eq":[{"size":{"at":"/text"}},5]}`: yes, `{"eq":[{"size":{"at":"/items"}},2]}`: yes, `{"eq":[{"size":1},1]}`: unknown,
		`{"eq":[{"at":"/items/1/sku"},"b"]}`: yes, `{"exists":{"at":"/items/01"}}`: no, `{"exists":{"at":"/items/2"}}`: no,
		// Kleene: what is known decides where it can.
		`{"any":[{"eq":[{"at":"/m"},1]},true]}`: yes, `{"any":[{"eq":[{"at":"/m"},1]},false]}`: unknown,
		`{"all":[{"eq":[{"at":"/m"},1]},false]}`: no, `{"all":[{"eq":[{"at":"/m"},1]},true]}`: unknown,
		`{"some":[[{"p":1},{}],{"eq":[{"item":"/p"},2]}]}`: unknown, `{"some":[[{},{"p":2}],{"eq":[{"item":"/p"},2]}]}`: yes,
	} {
		out, err := one(t, allow, when)
		if err != nil || (out.Decision == allow) != (want == yes) || (len(out.Unknown) == 1) != (want == unknown) {
			t.Errorf("%s: %+v, %v; want %v", when, out, err, want)
		}
		// An unknown condition denies.
		out, err = one(t, deny, when)
		if err != nil || (out.Decision == deny) != (want != no) {
			t.Errorf("deny when %s: %+v, %v; want %v", when, out, err, want)
		}
	}
}

func rule(id, effect, when string, obligations ...string) Rule {
	r := Rule{ID: id, Effect: effect, When: json.RawMessage(when), Reason: "because " + id}
	for _, o := range obligations {
		r.Obligations = append(r.Obligations, json.RawMessage(o))
	}
	return r
}

func TestCombining(t *testing.T) {
	a, d := rule("a", allow, "true", `"log"`), rule("d", deny, "true", `"tell"`)
	off, ob := rule("off", deny, "false", `"never"`), rule("o", oblige, "true", `{"mask":["/ip"]}`)
	for _, tc := range []struct {
		rules                    []Rule
		combine, def             string
		decision, by, obligation string
	}{
		{[]Rule{a, d}, "deny_overrides", allow, deny, "d", `["tell"]`},
		{[]Rule{d, a}, "allow_overrides", deny, allow, "a", `["log"]`},
		{[]Rule{a, d}, "first", deny, allow, "a", `["log"]`},
		{[]Rule{off}, "deny_overrides", allow, allow, "", `[]`},
		{[]Rule{off}, "deny_overrides", deny, deny, "", `[]`},
		{[]Rule{ob, off, a}, "first", deny, allow, "a", `[{"mask":["/ip"]},"log"]`},
	} {
		out, err := Eval(context.Background(), Input{tc.rules, tc.combine, tc.def, json.RawMessage(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		obligations, _ := json.Marshal(out.Obligations)
		if out.Decision != tc.decision || out.Rule != tc.by || string(obligations) != tc.obligation {
			t.Errorf("%s of %d rules: %+v, obligations %s", tc.combine, len(tc.rules), out, obligations)
		}
	}
}

func TestRefusals(t *testing.T) {
	for when, want := range map[string]string{
		``: "rules[0].when: is required", `1`: "rules[0].when: must be true, false", `{}`: "rules[0].when: must be", `{"eq":[1,1],"ne":[1,1]}`: "rules[0].when: must be",
		`{"is":[1,1]}`: `rules[0].when.is: "is" is not`, `{"eq":[1]}`: "rules[0].when.eq: must be a list of two", `{"all":true}`: "rules[0].when.all: must be a list",
		`{"all":[true,{"not":1}]}`: "rules[0].when.all[1].not: must be true", `{"matches":["a","("]}`: "rules[0].when.matches[1]: error", `{"matches":["a",{"at":""}]}`: "rules[0].when.matches[1]: must be a pattern",
		`{"eq":[{"at":"x"},1]}`: "rules[0].when.eq[0].at: must be a JSON pointer", `{"eq":[{"at":"/~2"},1]}`: "rules[0].when.eq[0].at: \"/~2\" has", `{"eq":[{"of":1},1]}`: `rules[0].when.eq[0]: "of" is not`,
		`{"exists":1}`: "rules[0].when.exists: is asked of a place", `{"some":[[]]}`: "rules[0].when.some: must be a list and",
		strings.Repeat(`{"not":`, 64) + "true" + strings.Repeat("}", 64): "is nested more than 64",
	} {
		if _, err := one(t, allow, when); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", when, err, want)
		}
	}
	in := Input{Rules: []Rule{rule("a", allow, "true"), rule("a", deny, "true")}, Combine: "first", Default: deny, Input: json.RawMessage("{}")}
	if _, err := Eval(context.Background(), in); err == nil || !strings.HasPrefix(err.Error(), "rules[1].id") {
		t.Errorf("one id twice: %v", err)
	}
}

func TestStepsAreBounded(t *testing.T) {
	list := "[" + strings.TrimSuffix(strings.Repeat("0,", 200), ",") + "]"
	when := `{"eq":[{"item":""},1]}`
	for range 4 {
		when = fmt.Sprintf(`{"some":[%s,%s]}`, list, when)
	}
	if _, err := one(t, allow, when); err == nil || !strings.Contains(err.Error(), "takes more than 1000000 steps") {
		t.Errorf("1.6 billion comparisons: %v", err)
	}
}

// FuzzExpressions checks that whatever compiles ends with one of three values, and
// that nothing unknown allows.
func FuzzExpressions(f *testing.F) {
	f.Add(`{"some":[{"at":"/items"},{"gt":[{"item":"/price"},10]}]}`, document)
	f.Add(`{"not":{"cidr":[{"at":"/ip"},"10.0.0.0/8"]}}`, `{"ip":1}`)
	f.Fuzz(func(t *testing.T, when, doc string) {
		if !json.Valid([]byte(when)) || !json.Valid([]byte(doc)) {
			return
		}
		out, err := Eval(context.Background(), Input{[]Rule{rule("r", allow, when)}, "first", deny, json.RawMessage(doc)})
		if err == nil && out.Decision == allow && len(out.Unknown) > 0 {
			t.Errorf("%s allows %s, not knowing %v", when, doc, out.Unknown)
		}
	})
}
