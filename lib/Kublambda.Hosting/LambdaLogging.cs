using Kublambda.Contracts;
using Microsoft.Extensions.Logging;

namespace Kublambda.Hosting;

/// <summary>Names the Lambda on every log line about it.</summary>
public static class LambdaLogging
{
    /// <summary>Every line until the scope ends carries <c>Lambda</c> (namespace/name), <c>LambdaUid</c> and <c>Revision</c>.</summary>
    public static IDisposable? BeginLambdaScope(this ILogger logger, LambdaRef lambda, string? revision = null) =>
        logger.BeginScope(new Dictionary<string, object?>
        {
            ["Lambda"] = lambda.ToString(),
            ["LambdaUid"] = lambda.Uid,
            ["Revision"] = revision,
        });

    /// <summary>Where only the name is known: <c>Lambda</c> (namespace/name).</summary>
    public static IDisposable? BeginLambdaScope(this ILogger logger, string ns, string name) =>
        logger.BeginScope(new Dictionary<string, object?> { ["Lambda"] = $"{ns}/{name}" });
}
