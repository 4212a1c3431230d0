using Cozy.Fleet.Conventions.Rules;

namespace Cozy.Fleet.Conventions;

public sealed class ProtosTests
{
    [Fact]
    public void Every_service_and_call_of_our_api_has_a_comment() =>
        Verdict.Clean(Repository.Files(["protos/cozy"], ".proto").SelectMany(Protos.Uncommented));

    [Theory]
    [InlineData("// What it is.\nservice S {", false)]
    [InlineData("/* What it is. */\nservice S {", false)]
    [InlineData("service S {", true)]
    [InlineData("// About something else.\n\nservice S {", true)]
    [InlineData("  //\n  rpc Get(A) returns (B);", true)]
    [InlineData("  // Reads one.\n  rpc Get(A) returns (B);", false)]
    [InlineData("  // Reads one.\n  rpc Get(A) returns (B);\n  rpc List(A) returns (B);", true)]
    [InlineData("message M { string service = 1; }", false)]
    public void A_comment_stands_right_above_what_it_is_about(string text, bool found) =>
        Assert.Equal(found, Protos.Uncommented(new("a.proto", text)).Any());
}
