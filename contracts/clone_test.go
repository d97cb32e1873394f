package contracts_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
)

// A clone is equal to the last field and shares nothing, whatever fields there are:
// they are filled by their types.
func TestCloneSharesNothing(t *testing.T) {
	g := new(contracts.TaskGraph)
	fill(reflect.ValueOf(g).Elem(), 0)
	c := g.Clone()
	same := cmp.Comparer(func(a, b cid.Cid) bool { return a.Equals(b) })
	if d := cmp.Diff(g, c, same); d != "" {
		t.Fatalf("the clone differs: %s", d)
	}
	shared(t, "graph", reflect.ValueOf(g).Elem(), reflect.ValueOf(c).Elem())
	empty := new(contracts.TaskGraph)
	if d := cmp.Diff(empty, empty.Clone(), same); d != "" {
		t.Errorf("the clone of nothing: %s", d)
	}
}

// fill gives everything that can be set a value.
func fill(v reflect.Value, depth int) {
	if depth > 8 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 3))
		for i := range v.Len() {
			fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		k, x := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(k, depth+1)
		fill(x, depth+1)
		v.SetMapIndex(k, x)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[cid.Cid]() {
			v.Set(reflect.ValueOf(vectorCID))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), depth+1)
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Int8, reflect.Int16:
		v.SetInt(7)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(0.5)
	}
}

var vectorCID = cid.MustParse("bafkreif3zqr37xxvu5ycw6vv5txsrbds7vrasymnz2zbtx6k37dbn46p4e")

// shared looks for memory that both have.
func shared(t *testing.T, at string, a, b reflect.Value) {
	t.Helper()
	switch a.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if a.IsNil() {
			t.Errorf("%s was not filled: the test does not look at it", at)
			return
		}
		if a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", at)
			return
		}
	}
	switch a.Kind() {
	case reflect.Pointer:
		shared(t, at, a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Type().Elem().Kind() == reflect.Uint8 {
			if !bytes.Equal(a.Bytes(), b.Bytes()) {
				t.Errorf("%s differs", at)
			}
			return
		}
		for i := range a.Len() {
			shared(t, at+"[]", a.Index(i), b.Index(i))
		}
	case reflect.Map:
		for it := a.MapRange(); it.Next(); {
			shared(t, at+"{}", it.Value(), b.MapIndex(it.Key()))
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).IsExported() {
				shared(t, at+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		}
	}
}
