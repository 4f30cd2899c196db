using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Kublambda.Registry.Tests;

public sealed class RegistryOptionsTests
{
    private const string Host = "registry.example.com:5000";

    [Theory]
    [InlineData("")]
    [InlineData("http://registry:5000")]
    [InlineData("registry:5000/path")]
    [InlineData("registry:5000\n")]
    public void A_host_that_is_none_stops_the_start(string host) =>
        Assert.Contains("PushHost", Failure(("Registry:PushHost", host)), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"auths":{}}""")]
    [InlineData("""{"auths":{"elsewhere.example.com":{"auth":"YTpi"}}}""")]
    [InlineData("""{"auths":{"registry.example.com:5000":{"auth":""}}}""")]
    [InlineData("""{"auths":{"registry.example.com:5000":{"auth":"dXNlcjo="}}}""")]
    [InlineData("""{"auths":{"registry.example.com:5000":{"username":"user","password":""}}}""")]
    [InlineData("""{"auths":{"registry.example.com:5000":null}}""")]
    [InlineData("""{"auths":{"registry.example.com:5000":{"auth":"%%%"}}}""")]
    public void A_credential_that_is_present_and_empty_stops_the_start(string file)
    {
        using var auth = AuthFile.Of(file);

        Assert.Contains(auth.Path, Failure(("Registry:AuthFile", auth.Path)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/nowhere/config.json")]
    public void A_credentials_file_that_is_named_and_missing_stops_the_start(string path) =>
        Assert.NotEmpty(Failure(("Registry:AuthFile", path)));

    [Theory]
    [InlineData("""{"auths":{"registry.example.com:5000":{"auth":"dXNlcjpwYTpzcw=="}}}""", "user", "pa:ss")]
    [InlineData("""{"auths":{"https://registry.example.com:5000/v1/":{"username":"user","password":"pw"}}}""", "user", "pw")]
    public void Credentials_are_read_in_every_form_that_tools_write(string file, string user, string password)
    {
        using var auth = AuthFile.Of(file);

        var credentials = RegistryCredentials.Load(new RegistryOptions { PushHost = Host, PullHost = Host, AuthFile = auth.Path });

        Assert.Equal((user, password), (credentials!.User, credentials.Password));
    }

    private static string Failure(params (string, string)[] settings)
    {
        using var services = LocalRegistry.Services(Host, settings);
        return Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<RegistryOptions>>().Value).Message;
    }
}
