using System.Net;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Validation;

/// <summary>Rules for <c>spec.triggers</c>.</summary>
internal static class TriggerRules
{
    /// <summary>Paths that an Ingress or its certificates use themselves.</summary>
    private static readonly string[] Reserved = ["/healthz", "/.well-known/acme-challenge"];

    public static IEnumerable<Problem> Check(IReadOnlyList<TriggerSpec> triggers)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < triggers.Count; i++)
        {
            var trigger = triggers[i];
            var field = $"spec.triggers[{i}]";
            if (trigger.Name.Length == 0)
                yield return new Problem($"{field}.name", "it is empty: write a name, for example web.");
            else if (!names.Add(trigger.Name))
                yield return new Problem($"{field}.name", $"\"{trigger.Name}\" is the name of another trigger: write a different one.");

            if (trigger.Http is null == trigger.Resource is null)
            {
                var found = trigger.Http is null ? "no kind of trigger is given" : "http and resource are both given";
                yield return new Problem(field, $"{found}: write exactly one of http and resource, for example http: {{}}.");
            }
            else if (trigger.Resource is not null)
            {
                foreach (var problem in ResourceTriggerRules.Check($"{field}.resource", trigger.Resource))
                    yield return problem;
            }
            else
            {
                foreach (var problem in Http($"{field}.http", trigger.Http!))
                    yield return problem;
            }
        }

        foreach (var problem in Together(triggers))
            yield return problem;
    }

    private static IEnumerable<Problem> Http(string field, HttpTrigger http)
    {
        if (http.Host is { } host && WrongWithHost(host) is { } wrongHost)
            yield return new Problem($"{field}.host", $"\"{host}\" {wrongHost}: write a DNS name in lower case, for example shop.example.com, or leave it out.");
        if (http.Path is { } path && WrongWithPath(path) is { } wrongPath)
            yield return new Problem($"{field}.path", $"\"{path}\" {wrongPath}: write a prefix such as /orders, or leave it out.");
        if (http.Exposure is { } exposure and not Exposures.Ingress && (http.Host ?? http.Path) is not null)
        {
            var member = http.Host is not null ? "host" : "path";
            yield return new Problem(
                $"{field}.{member}", $"it has no effect with exposure {exposure}: remove it, or write exposure: {Exposures.Ingress}.");
        }
    }

    private static IEnumerable<Problem> Together(IReadOnlyList<TriggerSpec> triggers)
    {
        var seen = new Dictionary<(string?, string), int>();
        var byService = -1;
        for (var i = 0; i < triggers.Count; i++)
        {
            if (triggers[i].Http is not { } http)
                continue;
            if (http.Exposure is not (null or Exposures.Ingress))
            {
                if (byService >= 0)
                    yield return new Problem($"spec.triggers[{i}].http.exposure", $"spec.triggers[{byService}] exposes the Service already, and a Lambda has one: remove one of the two triggers.");
                byService = byService < 0 ? i : byService;
            }
            else if (!seen.TryAdd((http.Host, http.Path ?? "/"), i))
            {
                yield return new Problem(
                    $"spec.triggers[{i}].http", $"host and path are those of spec.triggers[{seen[(http.Host, http.Path ?? "/")]}]: change one, or remove a trigger.");
            }
        }
    }

    private static string? WrongWithHost(string host)
    {
        if (host.Length is 0 or > 253 || !LambdaValidator.SubdomainPattern().IsMatch(host) || host.Split('.').Any(label => label.Length > 63))
            return "is not a host name";
        if (IPAddress.TryParse(host, out _))
            return "is an address";
        return host is "localhost" || host.EndsWith(".svc", StringComparison.Ordinal) || host.EndsWith(".cluster.local", StringComparison.Ordinal)
            ? "is a name inside the cluster"
            : null;
    }

    private static string? WrongWithPath(string path)
    {
        if (!path.StartsWith('/'))
            return "does not begin with '/'";
        if (path.Contains('%', StringComparison.Ordinal))
            return "has an escape";
        if (!path.All(c => char.IsAsciiLetterOrDigit(c) || "/_.~-".Contains(c, StringComparison.Ordinal)))
            return "has a character that is not a letter, a digit or one of / _ . ~ -";
        string[] parts = path.Split('/');
        if (parts.Any(part => part is "." or "..") || path.Contains("//", StringComparison.Ordinal))
            return "has an empty part, \".\" or \"..\"";
        return Array.Find(Reserved, reserved => path == reserved || path.StartsWith(reserved + "/", StringComparison.Ordinal)) is { } taken
            ? $"is below {taken}, which is reserved"
            : null;
    }
}
