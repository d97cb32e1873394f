package contracts_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
)

type eventVectors struct {
	Valid []struct {
		Name  string          `json:"name"`
		Event json.RawMessage `json:"event"`
	} `json:"valid"`
	Refused []struct {
		Name  string          `json:"name"`
		Field string          `json:"field"`
		Event json.RawMessage `json:"event"`
	} `json:"refused"`
}

func TestEventVectors(t *testing.T) {
	schema := published(t, "event")
	v := vectors[eventVectors](t, "events.json")
	for _, c := range v.Valid {
		t.Run(c.Name, func(t *testing.T) {
			if err := readEvent(t, c.Event).Validate(); err != nil {
				t.Error(err)
			}
			if err := schema.Validate(generic(t, c.Event)); err != nil {
				t.Error(err)
			}
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			err := readEvent(t, c.Event).Validate()
			wantCode(t, err, contracts.CodeValidation)
			if e, ok := errors.AsType[*contracts.Error](err); ok && e.Offender != c.Field {
				t.Errorf("offender is %q, want %q", e.Offender, c.Field)
			}
			// What is wrong with the data is for the schema of the data.
			if err := schema.Validate(generic(t, c.Event)); err == nil && !strings.HasPrefix(c.Field, "data") {
				t.Error("the schema accepts it")
			}
		})
	}
}

// readEvent reads an event as a consumer does: unknown members are ignored.
func readEvent(t *testing.T, doc []byte) *contracts.Event {
	t.Helper()
	var e contracts.Event
	if err := json.Unmarshal(doc, &e); err != nil {
		t.Fatal(err)
	}
	return &e
}

// TestINV10RequiredEventFields takes, for every type of the closed list, a
// complete event and removes each required field in turn: of the envelope and,
// where the type carries data, of the data. Each absence must be found, and the
// published schemas must name the same fields.
func TestINV10RequiredEventFields(t *testing.T) {
	for _, typ := range contracts.EventTypes() {
		t.Run(string(typ), func(t *testing.T) {
			whole := completeEvent(t, typ)
			if err := eventOf(t, whole).Validate(); err != nil {
				t.Fatalf("the complete event: %v", err)
			}
			required := []string{"specversion", "id", "source", "type", "time"}
			if ofUnit(typ) {
				required = append(required, "subject")
			}
			if ofUnit(typ) || strings.HasPrefix(string(typ), "execution.session.") {
				required = append(required, "tenantid", "graphid", "sessionid")
			}
			for _, name := range required {
				e := completeEvent(t, typ)
				delete(e, name)
				if eventOf(t, e).Validate() == nil {
					t.Errorf("an event without %s is valid", name)
				}
				if published(t, "event").Validate(e) == nil {
					t.Errorf("the schema accepts an event without %s", name)
				}
			}
			checkRequiredData(t, typ)
		})
	}
}

func checkRequiredData(t *testing.T, typ contracts.EventType) {
	t.Helper()
	if contracts.NewEventData(typ) == nil {
		return
	}
	schema := published(t, "event-data/"+string(typ))
	members := completeEvent(t, typ)["data"].(map[string]any)
	if err := schema.Validate(members); err != nil {
		t.Fatalf("complete data: %v", err)
	}
	for name := range members {
		e := completeEvent(t, typ)
		data := e["data"].(map[string]any)
		delete(data, name)
		invalid, refused := eventOf(t, e).Validate() != nil, schema.Validate(data) != nil
		if invalid != refused {
			t.Errorf("data without %s: Validate finds a fault %v, the schema %v", name, invalid, refused)
		}
	}
	for _, name := range always[typ] {
		if !slices.Contains(schema.Required, name) {
			t.Errorf("CONTRACTS section 7 wants %s, the schema does not", name)
		}
	}
}

// always is what CONTRACTS section 7 says of single types in so many words, as
// far as it holds of every such event: what never ran has no addresses.
var always = map[contracts.EventType][]string{
	contracts.EventUnitCompleted: {"duration_ms", "fuel"},
	contracts.EventUnitFailed:    {"duration_ms", "fuel"},
	contracts.EventUnitScheduled: {"target", "score", "eligible", "privacy", "reason"},
	contracts.EventLLMStarted:    {"pod", "tier", "model", "tokens_in", "tokens_out", "duration_ms"},
	contracts.EventLLMCompleted:  {"pod", "tier", "model", "tokens_in", "tokens_out", "duration_ms"},
	contracts.EventLLMFailed:     {"pod", "tier", "model", "tokens_in", "tokens_out", "duration_ms"},
}

func ofUnit(t contracts.EventType) bool {
	return strings.HasPrefix(string(t), "workunit.") || strings.HasPrefix(string(t), "llm.")
}

// completeEvent is an event of the type with every field, as a generic value.
func completeEvent(t *testing.T, typ contracts.EventType) map[string]any {
	t.Helper()
	e := example(t, "event.unit-completed").(map[string]any)
	e["type"], e["dataschema"] = string(typ), contracts.DataSchemaOf(typ)
	delete(e, "data")
	for kind := range exampleTypes {
		if slices.Contains(schemasOf(kind), "event-data/"+string(typ)) {
			e["data"] = exampleOf(t, kind)
		}
	}
	return e
}

// exampleOf reads the example of a kind of data that has most members.
func exampleOf(t *testing.T, kind string) any {
	t.Helper()
	if kind == "event-data/unit-ended" {
		kind += ".success"
	}
	return example(t, kind)
}

func eventOf(t *testing.T, v map[string]any) *contracts.Event {
	t.Helper()
	doc, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var e contracts.Event
	if err := json.Unmarshal(doc, &e); err != nil {
		return &contracts.Event{} // a missing time does not decode
	}
	return &e
}
