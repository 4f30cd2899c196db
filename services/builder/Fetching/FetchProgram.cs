using Kublambda.Registry;

namespace Kublambda.Builder.Fetching;

/// <summary>Composes <see cref="FetchCommand"/>, which needs no bus and no cluster.</summary>
internal static class FetchProgram
{
    private const int Usage = 2;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (!FetchArguments.TryParse(arguments, out var parsed))
        {
            await Console.Error.WriteLineAsync(FetchArguments.Usage);
            return Usage;
        }

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Registry:PushHost"] = parsed.Bundle.Host,
            ["Registry:PullHost"] = parsed.Bundle.Host,
            ["Registry:Insecure"] = parsed.PlainHttp ? "true" : "false",
        });
        builder.Services.AddRegistry(builder.Configuration);
        using var host = builder.Build();
        return await FetchCommand.RunAsync(parsed, host.Services.GetRequiredService<IRegistryClient>(), Console.Error, CancellationToken.None);
    }
}
