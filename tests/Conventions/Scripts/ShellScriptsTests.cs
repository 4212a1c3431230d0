namespace Cozy.Fleet.Conventions.Scripts;

public sealed class ShellScriptsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_script_parses()
    {
        var scripts = new[] { "eng", "tests/Vm/guest", ".ci" }.SelectMany(folder => Repository.Files(folder, "*")).Append("fleet")
            .Where(path => ShellScripts.IsScript(path, Repository.Text(path))).ToList();
        Assert.Contains("eng/setup.sh", scripts);
        var found = new List<Finding>();
        foreach (var script in scripts)
            found.AddRange(await ShellScripts.CheckAsync(script, Repository.Text(script), Cancellation));
        Finding.AssertNone(found);
    }

    [Theory]
    [InlineData("#!/bin/sh\nif true; then echo a; fi\n", false)]
    [InlineData("#!/bin/sh\nif true; then echo a\n", true)]
    [InlineData("echo \"no end\n", true)]
    public async Task A_script_that_does_not_parse_is_noticed(string text, bool noticed) =>
        Assert.Equal(noticed, (await ShellScripts.CheckAsync("a.sh", text, Cancellation)).Count > 0);

    [Theory]
    [InlineData("eng/setup.sh", "# sourced", true)]
    [InlineData("fleet", "#!/usr/bin/env bash\n", true)]
    [InlineData("tests/Vm/guest/init", "#!/bin/busybox sh\n", true)]
    [InlineData("tool", "#!/usr/bin/env python3\n", false)]
    [InlineData("build", "text", false)]
    public void Scripts_are_known_by_name_or_first_line(string path, string text, bool script) =>
        Assert.Equal(script, ShellScripts.IsScript(path, text));
}
