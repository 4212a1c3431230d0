using Cozy.Fleet.Conventions.Rules;

namespace Cozy.Fleet.Conventions;

public sealed class CallsTests
{
    private static IReadOnlyList<SourceFile> Product => Repository.Files(["src"], ".cs");

    [Fact]
    public void No_thread_waits_for_a_task() => Verdict.Clean(Product.SelectMany(Calls.Blocking));

    [Fact]
    public void No_method_is_async_void() =>
        Verdict.Clean(Repository.Files(["src", "tests", "bench"], ".cs").SelectMany(Calls.AsyncVoid));

    [Fact]
    public void No_exception_is_swallowed_without_a_word() =>
        Verdict.Clean(Repository.Files(["src", "tests", "bench"], ".cs").SelectMany(Calls.EmptyCatch));

    [Fact]
    public void No_test_sleeps() => Verdict.Clean(Repository.Files(["tests"], ".cs").SelectMany(Calls.SleepInTest));

    [Theory]
    [InlineData("var x = LoadAsync().Result;", true)]
    [InlineData("f(task.Result.Name);", true)]
    [InlineData("task.Wait();", true)]
    [InlineData("gate.Wait(token);", true)]
    [InlineData("Thread.Sleep(1);", true)]
    [InlineData("System.Threading.Thread.Sleep(delay);", true)]
    [InlineData("var x = new StepOutcome.Wait(\"a\");", false)]
    [InlineData("Wait(now);", false)]
    [InlineData("rack.Sleep();", false)]
    [InlineData("var x = await LoadAsync(); // .Result, .Wait()", false)]
    [InlineData("var x = \"task.Result\";", false)]
    public void Blocking_calls_are_told_from_words_that_look_alike(string statement, bool found) =>
        Assert.Equal(found, Calls.Blocking(InMethod(statement)).Any());

    [Theory]
    [InlineData("class C { async void M() { } }", true)]
    [InlineData("class C { void M() { async void Inner() { } } }", true)]
    [InlineData("class C { async Task M() { } }", false)]
    [InlineData("class C { void M() { } }", false)]
    public void Async_void_is_found_in_methods_and_local_functions(string text, bool found) =>
        Assert.Equal(found, Calls.AsyncVoid(new("a.cs", text)).Any());

    [Theory]
    [InlineData("try { f(); } catch { }", true)]
    [InlineData("try { f(); } catch (IOException) { /* never mind */ }", true)]
    [InlineData("try { f(); } catch (IOException failure) { Log(failure); }", false)]
    [InlineData("try { f(); } finally { }", false)]
    public void A_comment_does_not_fill_a_catch(string statement, bool found) =>
        Assert.Equal(found, Calls.EmptyCatch(InMethod(statement)).Any());

    [Theory]
    [InlineData("await Task.Delay(100);", true)]
    [InlineData("await Task.Delay(Limit, token);", true)]
    [InlineData("await Task.Delay(Limit, TimeProvider.System, token);", true)]
    [InlineData("Thread.Sleep(5);", true)]
    [InlineData("await Task.Delay(Limit, clock, token);", false)]
    [InlineData("await Task.Delay(Limit, rack.Clock);", false)]
    [InlineData("await done.WaitAsync(Limit, token);", false)]
    public void A_delay_needs_a_clock_that_the_test_moves(string statement, bool found) =>
        Assert.Equal(found, Calls.SleepInTest(InMethod(statement)).Any());

    [Fact]
    public void The_place_is_the_line_of_the_call() =>
        Verdict.FoundAt(Calls.Blocking(InMethod("f();\ntask\n    .Wait();\nThread.Sleep(1);")), 5, 6);

    private static SourceFile InMethod(string statements) => new("a.cs", $"class C\n{{\nasync Task M() {{ {statements} }}\n}}");
}
