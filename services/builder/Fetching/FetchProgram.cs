using Kublambda.Builder.Appending;
using Kublambda.Registry;

namespace Kublambda.Builder.Fetching;

/// <summary>Composes <see cref="FetchCommand"/> and the other steps of build pods, which need no bus and no cluster.</summary>
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

        using var host = Registry(parsed.Bundle.Host, parsed.PlainHttp);
        return await FetchCommand.RunAsync(parsed, host.Services.GetRequiredService<IRegistryClient>(), Console.Error, CancellationToken.None);
    }

    /// <summary><see cref="StoreCommand"/>.</summary>
    public static async Task<int> StoreAsync(IReadOnlyList<string> arguments)
    {
        if (arguments is not [var tls, var name, var directory] || tls is not ("--tls-verify=true" or "--tls-verify=false") || !ImageReference.TryParse(name, out var target) || target.Tag is null)
        {
            await Console.Error.WriteLineAsync(StoreCommand.UsageText);
            return Usage;
        }

        using var host = Registry(target.Host, plainHttp: tls.EndsWith("false", StringComparison.Ordinal));
        return await StoreCommand.RunAsync(target, directory, host.Services.GetRequiredService<IRegistryClient>(), TimeProvider.System.GetUtcNow(), Console.Error, CancellationToken.None);
    }

    /// <summary><see cref="AppendCommand"/>.</summary>
    public static async Task<int> AppendAsync(IReadOnlyList<string> arguments)
    {
        if (!AppendArguments.TryParse(arguments, out var parsed))
        {
            await Console.Error.WriteLineAsync(AppendArguments.Usage);
            return Usage;
        }

        using var host = Registry(parsed.Target.Host, parsed.PlainHttp);
        return await AppendCommand.RunAsync(
            parsed, host.Services.GetRequiredService<IRegistryClient>(), host.Services.GetRequiredService<IRegistryClients>(), Console.Out, Console.Error, CancellationToken.None);
    }

    private static IHost Registry(string name, bool plainHttp)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Registry:PushHost"] = name,
            ["Registry:PullHost"] = name,
            ["Registry:Insecure"] = plainHttp ? "true" : "false",
        });
        builder.Services.AddRegistry(builder.Configuration);
        return builder.Build();
    }
}
