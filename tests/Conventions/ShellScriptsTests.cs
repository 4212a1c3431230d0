using Cozy.Fleet.Conventions.Rules;

namespace Cozy.Fleet.Conventions;

public sealed class ShellScriptsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_script_parses()
    {
        var found = new List<Violation>();
        foreach (var script in Repository.Files([""], ".sh", "fleet", "run", "build", "init", "udhcpc").Where(ShellScripts.IsScript))
            found.AddRange(await ShellScripts.Unparsable(script, Cancellation));
        Verdict.Clean(found);
    }

    [Theory]
    [InlineData("#!/bin/sh\nif true; then echo a; fi\n", false)]
    [InlineData("#!/bin/sh\nif true; then echo a\n", true)]
    [InlineData("echo \"no end\n", true)]
    public async Task A_script_that_does_not_parse_is_found_without_being_run(string text, bool found) =>
        Assert.Equal(found, (await ShellScripts.Unparsable(new("a.sh", text), Cancellation)).Count > 0);

    [Theory]
    [InlineData("eng/setup.sh", "# sourced", true)]
    [InlineData("fleet", "#!/usr/bin/env bash\n", true)]
    [InlineData("tests/Vm/guest/init", "#!/bin/busybox sh\n", true)]
    [InlineData("tool", "#!/usr/bin/env python3\n", false)]
    [InlineData("build", "text", false)]
    public void Scripts_are_known_by_name_or_first_line(string path, string text, bool script) =>
        Assert.Equal(script, ShellScripts.IsScript(new(path, text)));
}
