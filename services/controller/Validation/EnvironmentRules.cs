using System.Text.RegularExpressions;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Validation;

/// <summary>
/// Rules for <c>spec.env</c>. The names of the contract with the runtime are reserved; NODE_OPTIONS is not: what it can
/// do, the function's own code can do.
/// </summary>
internal static partial class EnvironmentRules
{
    private static readonly string[] ReservedNames = ["PORT", "ADMIN_PORT"];
    private static readonly string[] ReservedPrefixes = ["FUNCTION_", "KUBLAMBDA_"];

    /// <summary>Limits of the invoker that have no field of their own.</summary>
    private static readonly string[] Limits =
        ["FUNCTION_QUEUE_LENGTH", "FUNCTION_MAX_REQUEST_BYTES", "FUNCTION_MAX_RESPONSE_BYTES", "FUNCTION_LOAD_TIMEOUT_SECONDS"];

    public static IEnumerable<Problem> Check(string field, IReadOnlyList<EnvVar> variables)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < variables.Count; i++)
        {
            var variable = variables[i];
            var at = $"{field}[{i}]";
            if (!NamePattern().IsMatch(variable.Name))
                yield return new Problem($"{at}.name", $"\"{variable.Name}\" is not a name: write letters, digits and '_', not beginning with a digit.");
            else if (IsReserved(variable.Name))
                yield return new Problem($"{at}.name", $"{variable.Name} is set by Kublambda (as are PORT, ADMIN_PORT, FUNCTION_* and KUBLAMBDA_*): write another name.");
            else if (!names.Add(variable.Name))
                yield return new Problem($"{at}.name", $"{variable.Name} is there already: remove one of the two.");

            if (variable.Value is null == variable.ValueFrom is null)
            {
                var found = variable.Value is null ? "neither value nor valueFrom is given" : "value and valueFrom are both given";
                yield return new Problem(at, $"{found}: write exactly one of them (value: \"\" for an empty one).");
            }

            if (variable.Value?.Contains('\0', StringComparison.Ordinal) == true)
                yield return new Problem($"{at}.value", "it has a NUL character, which no environment can hold: remove it.");
            if (variable.ValueFrom is { } from)
            {
                foreach (var problem in ValueFrom($"{at}.valueFrom", from))
                    yield return problem;
            }
        }
    }

    private static IEnumerable<Problem> ValueFrom(string field, EnvVarSource from)
    {
        if (from.SecretKeyRef is null == from.ConfigMapKeyRef is null)
        {
            var found = from.SecretKeyRef is null ? "neither secretKeyRef nor configMapKeyRef is given" : "secretKeyRef and configMapKeyRef are both given";
            yield return new Problem(field, $"{found}: write exactly one of them.");
        }

        if (from.SecretKeyRef is { Name: "" } or { Key: "" } || from.ConfigMapKeyRef is { Name: "" } or { Key: "" })
            yield return new Problem(field, "name or key is empty: write both.");
    }

    private static bool IsReserved(string name) =>
        ReservedNames.Contains(name) || (!Limits.Contains(name) && Array.Exists(ReservedPrefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)));

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex NamePattern();
}
