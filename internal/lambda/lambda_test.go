package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"sagescale/internal/lambda"
)

// client says that every function's bundle is at a location, or fails.
type client struct {
	location *string
	err      error
}

func (c client) GetFunction(_ context.Context, in *sdk.GetFunctionInput, _ ...func(*sdk.Options)) (*sdk.GetFunctionOutput, error) {
	if c.location == nil {
		return &sdk.GetFunctionOutput{}, c.err
	}
	return &sdk.GetFunctionOutput{Code: &types.FunctionCodeLocation{Location: c.location}}, c.err
}

// bundle is a zip file with one file in it.
func bundle(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write([]byte(text))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFile(t *testing.T) {
	secret := "/b?X-Amz-Signature=secret"
	at := func(answer func(http.ResponseWriter)) client {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
		t.Cleanup(server.Close)
		location := server.URL + secret
		return client{location: &location}
	}
	body := func(b []byte) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if _, err := w.Write(b); err != nil {
				t.Error(err)
			}
		}
	}
	nowhere, none := "http://127.0.0.1:1"+secret, "://"+secret
	for name, tt := range map[string]struct {
		client      client
		want, fails string
	}{
		"the file":        {at(body(bundle(t, "scaling.yaml", "version: 1\n"))), "version: 1\n", ""},
		"another file":    {at(body(bundle(t, "bootstrap", "x"))), "", "the bundle has no such file"},
		"too large":       {at(body(bundle(t, "scaling.yaml", strings.Repeat("x", 5<<20)))), "", "more than 4194304 bytes"},
		"no zip":          {at(body([]byte("hello"))), "", "open the bundle: zip: not a valid zip file"},
		"not to be had":   {at(func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }), "", "403 Forbidden"},
		"nobody answers":  {client{location: &nowhere}, "", "from 127.0.0.1:1: no answer"},
		"no address":      {client{location: &none}, "", "is none"},
		"no location":     {client{}, "", "does not say where"},
		"Lambda fails":    {client{err: errors.New("AccessDenied")}, "", "call GetFunction: AccessDenied"},
		"an empty bundle": {at(body(nil)), "", "open the bundle"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := lambda.New(tt.client, http.DefaultClient).File(t.Context(), "F", "scaling.yaml")
			if string(got) != tt.want || (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("got %q, %v; want %q, %q", got, err, tt.want, tt.fails)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the signed address: %v", err)
			}
		})
	}
}
