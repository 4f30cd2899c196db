namespace Kublambda.Contracts.Tests;

public sealed class NamesTests
{
    private static readonly LambdaRef Short = new("shop", "resize", "1A2b3c4d-0000-4000-8000-000000000000");
    private static readonly LambdaRef Longest = new("shop", new string('a', Limits.NameLength), Short.Uid);

    [Fact]
    public void A_repository_is_named_after_namespace_name_and_the_first_eight_digits_of_the_uid() =>
        Assert.Equal("shop/resize-1a2b3c4d", Names.Repository(Short));

    [Fact]
    public void Lambdas_of_the_same_name_have_different_repositories() =>
        Assert.NotEqual(Names.Repository(Short), Names.Repository(Short with { Uid = "2a2b3c4d-0000-4000-8000-000000000000" }));

    [Fact]
    public void The_build_pod_of_the_longest_name_is_still_a_dns_label()
    {
        var name = Names.BuildPod(Longest, "0123456789ab");
        Assert.True(name.Length <= 63, name);
        Assert.EndsWith("-1a2b3c4d-0123456789ab", name, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_cut_at_a_dash_does_not_get_two() =>
        Assert.DoesNotContain("--", Names.BuildPod(Short with { Name = new string('a', 40) + "-bcd" }, "0123456789ab"), StringComparison.Ordinal);

    [Fact]
    public void The_watcher_of_the_longest_name_is_still_a_dns_label()
    {
        Assert.Equal("resize-1a2b3c4d-watcher", Names.Watcher(Short));
        Assert.True(Names.Watcher(Longest).Length <= 63, Names.Watcher(Longest));
        Assert.EndsWith("-1a2b3c4d-watcher", Names.Watcher(Longest), StringComparison.Ordinal);
    }
}
