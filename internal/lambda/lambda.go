// Package lambda asks AWS Lambda what a deployed function is made of. It is the only
// importer of Lambda's SDK.
package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// What a bundle and a file of one may have in bytes: Lambda takes no larger bundle that is
// unpacked, and a file of ours is much smaller.
const (
	maxBundle = 250 << 20
	maxFile   = 4 << 20
)

// ErrNoFile says that a bundle has no file of a name.
var ErrNoFile = errors.New("the bundle has no such file")

// api is what is used of Lambda.
type api interface {
	GetFunction(context.Context, *lambda.GetFunctionInput, ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error)
}

// doer sends one HTTP request.
type doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Functions are those of an account in a Region.
type Functions struct {
	client api
	http   doer
}

// New returns Functions on a client, the SDK's or what behaves like it, and on what
// fetches bundles from where Lambda says that they are.
func New(client api, http doer) *Functions { return &Functions{client, http} }

// File returns a file of the bundle that a function runs now. ErrNoFile says that it has
// none of the name. The whole bundle is fetched for it, some megabytes.
func (f *Functions) File(ctx context.Context, function, name string) ([]byte, error) {
	out, err := f.client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &function})
	if err != nil {
		return nil, fmt.Errorf("call GetFunction: %w", err)
	}
	if out.Code == nil || aws.ToString(out.Code.Location) == "" {
		return nil, errors.New("call GetFunction: the answer does not say where the bundle is")
	}
	bundle, err := f.fetch(ctx, *out.Code.Location)
	if err != nil {
		return nil, fmt.Errorf("fetch the bundle of function %s: %w", function, err)
	}
	text, err := unpack(bundle, name)
	if err != nil {
		return nil, fmt.Errorf("read %s in the bundle of function %s: %w", name, function, err)
	}
	return text, nil
}

// fetch gets what a URL has. The URL is signed for whoever has it: it is not told to
// anybody, in an error neither.
func (f *Functions) fetch(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, errors.New("the address that Lambda gave is none")
	}
	response, err := f.http.Do(request)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("get it from %s: no answer", request.URL.Host)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get it from %s: %s", request.URL.Host, response.Status)
	}
	return limited(response.Body, maxBundle)
}

// unpack returns a file of a bundle.
func unpack(bundle []byte, name string) ([]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	for _, entry := range archive.File {
		if entry.Name != name {
			continue
		}
		file, err := entry.Open()
		if err != nil {
			return nil, fmt.Errorf("open it: %w", err)
		}
		defer func() { _ = file.Close() }() // it was read
		return limited(file, maxFile)
	}
	return nil, ErrNoFile
}

// limited reads all there is, and refuses more than a number of bytes.
func limited(from io.Reader, most int64) ([]byte, error) {
	all, err := io.ReadAll(io.LimitReader(from, most+1))
	if err != nil {
		return nil, fmt.Errorf("read it: %w", err)
	}
	if int64(len(all)) > most {
		return nil, fmt.Errorf("read it: it has more than %d bytes", most)
	}
	return all, nil
}
