using System.Net.Http.Headers;

namespace Kublambda.Registry.Tests;

public sealed class ChallengeTests
{
    [Theory]
    [InlineData("""Bearer realm="https://auth.example.com/token",service="reg",scope="repository:a/b:pull,push" """, "https://auth.example.com/token", "reg", "repository:a/b:pull,push")]
    [InlineData("""Bearer realm="https://a/t?x=\"1\"" , service=reg""", "https://a/t?x=\"1\"", "reg", null)]
    [InlineData("Basic", null, null, null)]
    public void Challenges_are_read(string header, string? realm, string? service, string? scope)
    {
        var challenge = Challenge.Parse(AuthenticationHeaderValue.Parse(header));

        Assert.Equal((realm, service, scope), (challenge["realm"], challenge["service"], challenge["scope"]));
    }
}
