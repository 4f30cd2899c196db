using k8s.Models;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Validation;

/// <summary>Rules for requests and limits: known resources, quantities that parse, no request above its limit.</summary>
internal static class ResourceRules
{
    private static readonly string[] Known = ["cpu", "memory", "ephemeral-storage"];

    public static IEnumerable<Problem> Check(string field, ComputeResources? resources)
    {
        if (resources is null)
            yield break;
        foreach (var problem in Quantities($"{field}.requests", resources.Requests).Concat(Quantities($"{field}.limits", resources.Limits)))
            yield return problem;
        foreach (var (name, request) in resources.Requests ?? new Dictionary<string, string>())
        {
            if (resources.Limits?.GetValueOrDefault(name) is { } limit && Parse(request) is { } low && Parse(limit) is { } high && low > high)
                yield return new Problem($"{field}.requests.{name}", $"{request} is above the limit {limit}: write less, or raise {field}.limits.{name}.");
        }
    }

    private static IEnumerable<Problem> Quantities(string field, IReadOnlyDictionary<string, string>? quantities)
    {
        foreach (var (name, text) in quantities ?? new Dictionary<string, string>())
        {
            if (!Known.Contains(name))
                yield return Problem.Unsupported($"{field}.{name}", $"The resource \"{name}\"", $"write one of {string.Join(", ", Known)}.");
            else if (Parse(text) is not { } value)
                yield return new Problem($"{field}.{name}", $"\"{text}\" is not a quantity: write for example {Example(name)}.");
            else if (value < 0)
                yield return new Problem($"{field}.{name}", $"{text} is negative: write for example {Example(name)}.");
        }
    }

    private static string Example(string name) => name == "cpu" ? "250m" : "128Mi";

    /// <summary>The value in base units; null where it is not a quantity.</summary>
    private static decimal? Parse(string text)
    {
        try
        {
            return new ResourceQuantity(text).ToDecimal();
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            return null;
        }
    }
}
