namespace Cozy.Fleet.Conventions.Protos;

public sealed class RpcCommentsTests
{
    private const string Sample =
        """
        service A {
          // Starts it.
          rpc Start(X) returns (Y);
          rpc Stop(X) returns (Y);
        }
        """;

    [Fact]
    public void Every_call_says_what_it_does()
    {
        var protos = Repository.Files("protos/cozy", "*.proto").ToList();
        Assert.NotEmpty(protos);
        Finding.AssertNone(protos.SelectMany(path => RpcComments.Check(path, Repository.Text(path))));
    }

    [Fact]
    public void A_call_without_a_comment_is_noticed() =>
        Assert.Equal(new("a.proto", 4, "rpc Stop has no comment"), Assert.Single(RpcComments.Check("a.proto", Sample)));
}
