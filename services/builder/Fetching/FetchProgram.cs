using Kublambda.Registry;

namespace Kublambda.Builder.Fetching;

/// <summary>Composes <see cref="FetchCommand"/>, which needs no bus and no cluster.</summary>
internal static class FetchProgram
{
    private const string PlainHttp = "--tls-verify=false";
    private const int Usage = 2;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var names = arguments.Where(a => !a.StartsWith("--", StringComparison.Ordinal)).ToList();
        if (names.Count != 2 || !ImageReference.TryParse(names[0], out var bundle) || bundle.Digest is null)
        {
            await Console.Error.WriteLineAsync($"usage: {FetchCommand.Verb} [{PlainHttp}] <host/repository@sha256:...> <directory>");
            return Usage;
        }

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Registry:PushHost"] = bundle.Host,
            ["Registry:PullHost"] = bundle.Host,
            ["Registry:Insecure"] = arguments.Contains(PlainHttp) ? "true" : "false",
        });
        builder.Services.AddRegistry(builder.Configuration);
        using var host = builder.Build();
        return await FetchCommand.RunAsync(bundle, names[1], host.Services.GetRequiredService<IRegistryClient>(), Console.Error, CancellationToken.None);
    }
}
