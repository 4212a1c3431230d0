namespace Cozy.Fleet.Conventions.Code;

public sealed class CodeRulesTests
{
    [Fact]
    public void The_code_follows_them() => Finding.AssertNone(Repository.Sources.SelectMany(CodeRules.All));

    [Theory]
    [InlineData("class A { async void M() { } }")]
    [InlineData("class A { void M() { async void Inner() { } } }")]
    [InlineData("class A { void M(Task t) { t.Wait(); } }")]
    [InlineData("class A { void M() { Thread.Sleep(1); } }")]
    [InlineData("class A { async Task M() { await Task.Delay(1); } }")]
    [InlineData("class A { async Task M() { await Task.Delay(1).ConfigureAwait(false); } }")]
    [InlineData("class A { void M() { try { } catch (Exception) { } } }")]
    [InlineData("class A { } // TODO: later")]
    [InlineData("/// <summary>FIXME</summary>\nclass A { }")]
    [InlineData("class NodeManager { }")]
    [InlineData("interface IStringUtils { }")]
    [InlineData("record PathHelper();")]
    public void They_notice(string code) => Assert.Single(CodeRules.All(new("tests/A.cs", code)));

    [Theory]
    [InlineData("class A { async Task M() { } void N() { } }")]
    [InlineData("class A { object M() => new StepOutcome.Wait(1); void N(Job job) => job.Wait(1); }")]
    [InlineData("class A { async Task M(Task up) { await Task.WhenAny(up, Task.Delay(1)); } }")]
    [InlineData("class A { void M() { try { } catch (Exception) { /**/ throw; } } }")]
    [InlineData("class A { } // TODO(#12): later")]
    [InlineData("class A { string Text = \"TODO\"; }")]
    [InlineData("class Utilization { } class ManagerOfOne { }")]
    public void They_leave_alone(string code) => Assert.Empty(CodeRules.All(new("tests/A.cs", code)));

    [Fact]
    public void A_delay_in_the_product_is_the_banned_symbols_matter() =>
        Assert.Empty(CodeRules.All(new("src/A.cs", "class A { async Task M() { await Task.Delay(one, clock, stop); } }")));
}
