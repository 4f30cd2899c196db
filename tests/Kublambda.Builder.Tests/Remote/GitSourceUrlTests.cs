using Kublambda.Builder.Remote;
using Kublambda.Builder.Sources;

namespace Kublambda.Builder.Tests.Remote;

public sealed class GitSourceUrlTests
{
    [Theory]
    [InlineData("--upload-pack=touch /tmp/pwned")]
    [InlineData("-u")]
    [InlineData("ext::sh -c touch% /tmp/pwned")]
    [InlineData("fd::17")]
    [InlineData("file:///etc")]
    [InlineData("/srv/git/app.git")]
    [InlineData("../app.git")]
    [InlineData("git://git.example.com/app.git")]
    [InlineData("git@git.example.com:app.git")]
    [InlineData("ssh://-oProxyCommand=sh/app.git")]
    [InlineData("ssh://git@-oProxyCommand=sh/app.git")]
    [InlineData("ssh://-oProxyCommand=sh@git.example.com/app.git")]
    [InlineData("ssh://git:password@git.example.com/app.git")]
    [InlineData("https://user:password@git.example.com/app.git")]
    [InlineData("https://token@git.example.com/app.git")]
    [InlineData("https://git.example.com/app.git#main")]
    [InlineData("https://git.example.com/app.git?x=1")]
    [InlineData("https://git.example.com/a b")]
    [InlineData("https://git.example.com/a\n-c core.sshCommand=x")]
    [InlineData("https://git.example.com/$(id)")]
    [InlineData("ftp://git.example.com/app.git")]
    [InlineData("https:///app.git")]
    [InlineData("")]
    public void What_git_could_take_for_more_than_a_repository_is_refused(string url)
    {
        var refused = Assert.Throws<SourceRefusedException>(() => GitSourceUrl.Parse(url));
        Assert.Contains("spec.source.git.url", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("password@", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://git.example.com/team/app.git", 443, false)]
    [InlineData("https://git.example.com:8443/~team/app", 8443, false)]
    [InlineData("http://git.example.com/app.git", 80, false)]
    [InlineData("ssh://git@git.example.com/team/app.git", 22, true)]
    [InlineData("ssh://git@git.example.com:2222/team/app.git", 2222, true)]
    public void A_repository_is_not(string url, int port, bool ssh)
    {
        var parsed = GitSourceUrl.Parse(url);
        Assert.Equal((port, ssh, "git.example.com"), (parsed.Port, parsed.IsSsh, parsed.Host));
    }
}
