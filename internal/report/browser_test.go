//go:build local

package report_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var (
	browserPath = flag.String("browser", "", "the Chromium to test pages with; chromium on the PATH when left out")
	shots       = flag.String("shots", "", "folder for pictures of the pages")
	shown       = flag.String("page", "", "picture this file too")
)

// browser starts a Chromium, or skips the test and says what it leaves unchecked.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := *browserPath
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); path == "" && err == nil {
			path = found
		}
	}
	if path == "" {
		t.Skip("NOT checked: that the page of a backtest renders and works in a browser, because there is none: install chromium, or name one by -browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute), chromedp.Flag("lang", "en-US"), chromedp.Flag("no-zygote", true))
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// heard is what a page asked for and complained of.
type heard struct {
	mu         sync.Mutex
	requests   []string
	complaints []string
}

// open opens a file in a tab of a size and colours, and listens to it.
func open(t *testing.T, parent context.Context, file string, width, height int64, colours string) (context.Context, *heard) {
	t.Helper()
	tab, end := chromedp.NewContext(parent)
	t.Cleanup(end)
	tab, stop := context.WithTimeout(tab, time.Minute)
	t.Cleanup(stop)
	h := &heard{}
	chromedp.ListenTarget(tab, func(event any) {
		h.mu.Lock()
		defer h.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			h.requests = append(h.requests, e.Request.URL)
		case *runtime.EventExceptionThrown:
			h.complaints = append(h.complaints, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			h.complaints = append(h.complaints, fmt.Sprintf("console: %s, of %d values", e.Type, len(e.Args)))
		case *log.EventEntryAdded:
			h.complaints = append(h.complaints, fmt.Sprintf("log: %s %s", e.Entry.Level, e.Entry.Text))
		}
	})
	act(t, tab, page.BringToFront(), network.Enable(), log.Enable(), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}}),
		chromedp.EmulateViewport(width, height, func(p *emulation.SetDeviceMetricsOverrideParams, _ *emulation.SetTouchEmulationEnabledParams) {
			p.Mobile = width < 500
		}),
		chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()), chromedp.WaitVisible("#plot canvas", chromedp.ByQuery))
	return tab, h
}

// act does things in a tab.
func act(t *testing.T, tab context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(tab, actions...); err != nil {
		t.Fatal(err)
	}
}

// asked evaluates an expression in a tab.
func asked[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	var out T
	act(t, tab, chromedp.Evaluate(expression, &out))
	return out
}

// checkHeard fails when a page asked for more than itself, or complained.
func (h *heard) check(t *testing.T, file string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = slices.DeleteFunc(h.requests, func(u string) bool { return strings.HasPrefix(u, "data:") }) // it goes nowhere: an icon of the browser
	if len(h.requests) != 1 || !strings.HasSuffix(h.requests[0], filepath.Base(file)) {
		t.Errorf("the page made requests: %q", h.requests)
	}
	if len(h.complaints) > 0 {
		t.Errorf("the page complained: %q", h.complaints)
	}
}

// inks counts the colours of a canvas: a blank one has one.
const inks = `(() => {
	const c = document.querySelector("#plot canvas"), p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data, seen = new Set();
	for (let i = 0; i < p.length; i += 4) seen.add(p[i] << 16 | p[i + 1] << 8 | p[i + 2]);
	return seen.size;
})()`

// The page renders and works, asks for nothing and complains of nothing: wide and
// narrow, light and dark.
func TestPageInBrowser(t *testing.T) {
	ctx := browser(t)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, html(t, replayed(t, hostile, 3)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{1280, 360} {
		for _, colours := range []string{"light", "dark"} {
			t.Run(fmt.Sprint(width, colours), func(t *testing.T) {
				tab, h := open(t, ctx, file, width, 900, colours)
				renders(t, tab)
				works(t, tab)
				h.check(t, file)
			})
		}
	}
}

// renders checks what a stranger sees at first.
func renders(t *testing.T, tab context.Context) {
	t.Helper()
	if n := asked[int](t, tab, inks); n < 10 {
		t.Errorf("the plot has %d colours: it is blank", n)
	}
	if rows := asked[int](t, tab, `document.querySelectorAll("#scores tbody tr").length`); rows != 5 {
		t.Errorf("%d rows of scores, want 5", rows)
	}
	if points := asked[int](t, tab, `document.querySelectorAll("#frontier .dot").length`); points < 16 {
		t.Errorf("%d points of the frontier", points)
	}
	if over := asked[int](t, tab, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		t.Errorf("the page is %d pixels wider than the window", over)
	}
	if n := asked[int](t, tab, `[...document.querySelectorAll("button, select, input, [tabindex], [role=img]")].filter(e =>
		!e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby") && !e.textContent.trim() && !e.closest("label")).length`); n != 0 {
		t.Errorf("%d controls have no name", n)
	}
	if title := asked[string](t, tab, `document.querySelector("h1").textContent`); !strings.Contains(title, "</script>") {
		t.Errorf("the title is %q", title)
	}
	if asked[bool](t, tab, `"hacked" in window`) {
		t.Error("a name ran as a script")
	}
}

// works checks what the controls do.
func works(t *testing.T, tab context.Context) {
	t.Helper()
	shownRange := func() string { return asked[string](t, tab, `document.documentElement.dataset.range`) }
	whole := shownRange()
	act(t, tab, chromedp.Click(`#steps button:nth-of-type(2)`, chromedp.ByQuery))
	chosen := shownRange()
	if chosen == whole {
		t.Error("the next decision does not move the plot")
	}
	if text := asked[string](t, tab, `document.querySelector("#decision").textContent`); !strings.Contains(text, "scale-") || !strings.Contains(text, "→") {
		t.Errorf("the decision says %q", text)
	}
	act(t, tab, chromedp.Click(`#list li:nth-child(2) button`, chromedp.ByQuery))
	if shownRange() == chosen {
		t.Error("another decision of the list does not move the plot")
	}
	before := asked[string](t, tab, `document.querySelector("#plot canvas").toDataURL()`)
	act(t, tab, chromedp.Click(`#legend button:nth-of-type(4)`, chromedp.ByQuery), chromedp.Sleep(200*time.Millisecond))
	if pressed := asked[string](t, tab, `document.querySelector("#legend button:nth-of-type(4)").getAttribute("aria-pressed")`); pressed != "true" {
		t.Errorf("the peer that was chosen is pressed: %s", pressed)
	}
	if asked[string](t, tab, `document.querySelector("#plot canvas").toDataURL()`) == before {
		t.Error("to show a peer does not change the plot")
	}
	act(t, tab, chromedp.Click(`#zoom button`, chromedp.ByQuery))
	if shownRange() != whole {
		t.Errorf("the whole is %s, was %s", shownRange(), whole)
	}
	act(t, tab, chromedp.Focus("#plot", chromedp.ByQuery), chromedp.KeyEvent("+"))
	if shownRange() == whole {
		t.Error("the plus key does not zoom")
	}
	drags(t, tab)
}

// drags checks what a mouse does in the plot.
func drags(t *testing.T, tab context.Context) {
	t.Helper()
	shownRange := func() string { return asked[string](t, tab, `document.documentElement.dataset.range`) }
	before := shownRange()
	act(t, tab, chromedp.ScrollIntoView("#plot", chromedp.ByQuery))
	box := asked[[]float64](t, tab, `(() => { const r = document.querySelector("#plot .u-over").getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`)
	x, y := box[0]+box[2]*0.3, box[1]+box[3]/2
	act(t, tab, chromedp.MouseEvent("mouseMoved", x, y), chromedp.MouseEvent("mousePressed", x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent("mouseMoved", x+box[2]*0.2, y, chromedp.ButtonLeft), chromedp.MouseEvent("mouseMoved", x+box[2]*0.4, y, chromedp.ButtonLeft),
		chromedp.MouseEvent("mouseReleased", x+box[2]*0.4, y, chromedp.ButtonLeft, chromedp.ClickCount(1)), chromedp.Sleep(100*time.Millisecond))
	zoomed := shownRange()
	if zoomed == before {
		t.Error("to drag does not zoom")
	}
	text := asked[string](t, tab, `document.querySelector("#decision").textContent`)
	act(t, tab, chromedp.MouseClickXY(x+box[2]*0.1, y), chromedp.Sleep(100*time.Millisecond))
	if asked[string](t, tab, `document.querySelector("#decision").textContent`) == text {
		t.Error("a click in the plot chooses no decision")
	}
	if shownRange() != zoomed {
		t.Error("a click moves the plot")
	}
	act(t, tab, chromedp.MouseClickXY(x, y, chromedp.ClickCount(2)), chromedp.Sleep(100*time.Millisecond))
	if shownRange() == zoomed {
		t.Error("a double click does not show the whole")
	}
}

// With -shots, pictures of a page for a person to look at.
func TestShots(t *testing.T) {
	if *shots == "" {
		t.Skip("no -shots")
	}
	ctx := browser(t)
	for _, width := range []int64{1280, 360} {
		for _, colours := range []string{"light", "dark"} {
			tab, h := open(t, ctx, *shown, width, 900, colours)
			picture(t, tab, fmt.Sprintf("%d-%s.png", width, colours))
			act(t, tab, chromedp.Click(`#steps button:nth-of-type(2)`, chromedp.ByQuery), chromedp.Click(`#list li:nth-child(5) button`, chromedp.ByQuery), chromedp.Sleep(200*time.Millisecond))
			picture(t, tab, fmt.Sprintf("%d-%s-chosen.png", width, colours))
			h.check(t, *shown)
			if width == 1280 {
				printed(t, tab, colours+".pdf")
			}
		}
	}
}

// picture writes what a tab shows, the whole of it.
func picture(t *testing.T, tab context.Context, name string) {
	t.Helper()
	var png []byte
	act(t, tab, chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(*shots, name), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// printed writes what a printer would get.
func printed(t *testing.T, tab context.Context, name string) {
	t.Helper()
	act(t, tab, chromedp.ActionFunc(func(ctx context.Context) error {
		pdf, _, err := page.PrintToPDF().WithPrintBackground(false).Do(ctx)
		return errors.Join(err, os.WriteFile(filepath.Join(*shots, name), pdf, 0o600))
	}))
}
