using System.Globalization;
using System.Net;

namespace Kublambda.Invoker;

/// <summary>The environment. Every variable, its default and its unit is in runtimes/dotnet/README.md.</summary>
internal sealed record InvokerSettings
{
    private const int MiB = 1024 * 1024;

    public required int Port { get; init; }
    public required int AdminPort { get; init; }

    /// <summary>Null: all addresses, IPv6 and IPv4.</summary>
    public required IPAddress? Address { get; init; }

    public required string Target { get; init; }
    public required string Signature { get; init; }
    public required string Source { get; init; }
    public required TimeSpan Timeout { get; init; }
    public required int Concurrency { get; init; }
    public required int QueueLength { get; init; }
    public required long MaxRequestBytes { get; init; }
    public required long MaxResponseBytes { get; init; }
    public required TimeSpan LoadTimeout { get; init; }
    public required TimeSpan Drain { get; init; }
    public required string TerminationLog { get; init; }

    /// <exception cref="FatalException">A variable makes no sense.</exception>
    public static InvokerSettings Read(Func<string, string?> env)
    {
        var concurrency = (int)Number(env, "FUNCTION_CONCURRENCY", 50, 1, 1_000_000, whole: true);
        return new InvokerSettings
        {
            Port = (int)Number(env, "PORT", 8080, 0, 65535, whole: true),
            AdminPort = (int)Number(env, "ADMIN_PORT", 8081, 0, 65535, whole: true),
            Address = Text(env, "LISTEN_ADDRESS") is { } address ? IPAddress.Parse(address) : null,
            Target = Text(env, "FUNCTION_TARGET") ?? "",
            Signature = Text(env, "FUNCTION_SIGNATURE_TYPE") ?? "http",
            Source = Text(env, "FUNCTION_SOURCE") ?? "/function",
            Timeout = TimeSpan.FromSeconds(Number(env, "FUNCTION_TIMEOUT_SECONDS", 60, 0.1, 86400)),
            Concurrency = concurrency,
            QueueLength = (int)Number(env, "FUNCTION_QUEUE_LENGTH", concurrency, 0, 1_000_000, whole: true),
            MaxRequestBytes = (long)Number(env, "FUNCTION_MAX_REQUEST_BYTES", 10 * MiB, 0, int.MaxValue, whole: true),
            MaxResponseBytes = (long)Number(env, "FUNCTION_MAX_RESPONSE_BYTES", 6 * MiB, 1, int.MaxValue, whole: true),
            LoadTimeout = TimeSpan.FromSeconds(Number(env, "FUNCTION_LOAD_TIMEOUT_SECONDS", 20, 0.1, 3600)),
            Drain = TimeSpan.FromSeconds(Number(env, "SHUTDOWN_DRAIN_SECONDS", 3, 0, 3600)),
            TerminationLog = TerminationLogOf(env),
        };
    }

    public static string TerminationLogOf(Func<string, string?> env) => Text(env, "KUBLAMBDA_TERMINATION_LOG") ?? "/dev/termination-log";

    private static string? Text(Func<string, string?> env, string name) => env(name) is { Length: > 0 } text ? text : null;

    private static double Number(Func<string, string?> env, string name, double fallback, double min, double max, bool whole = false)
    {
        if (Text(env, name) is not { } text)
            return fallback;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max && (!whole || value == Math.Floor(value)))
            return value;
        throw new FatalException(
            ExitCodes.BadTarget,
            string.Create(CultureInfo.InvariantCulture, $"{name} is \"{text}\", which is not {(whole ? "a whole number" : "a number")} from {min} to {max}."),
            string.Create(CultureInfo.InvariantCulture, $"set {name} to such a number, or leave it out for its default, {fallback}."));
    }
}
