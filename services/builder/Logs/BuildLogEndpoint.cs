using System.Text.RegularExpressions;
using Kublambda.Contracts;
using Kublambda.Registry;

namespace Kublambda.Builder.Logs;

/// <summary>
/// <c>GET /logs/NAMESPACE/NAME/UID/REVISION</c>: the log of a build as text, for whoever reaches it through the API server's proxy
/// (<c>deploy/build-log</c>). Who does not know the Lambda's uid, and so cannot read the Lambda, finds nothing.
/// </summary>
internal static partial class BuildLogEndpoint
{
    public static WebApplication MapBuildLogs(this WebApplication app)
    {
        app.MapGet("/logs/{ns}/{name}/{uid}/{revision}", ReadAsync);
        return app;
    }

    private static async Task<IResult> ReadAsync(string ns, string name, string uid, string revision, BuildLogs logs, CancellationToken cancellationToken)
    {
        if (!Label().IsMatch(ns) || !Label().IsMatch(name) || !Guid.TryParseExact(uid, "D", out _) || !Revision().IsMatch(revision))
            return Results.Text("The path is /logs/NAMESPACE/NAME/UID/REVISION.\n", statusCode: StatusCodes.Status404NotFound);
        try
        {
            return await logs.ReadAsync(new LambdaRef(ns, name, uid), revision, cancellationToken) is { } text
                ? Results.Text(text)
                : Results.Text($"There is no log of revision {revision} of {ns}/{name}: it has not begun to build, or is older than what is kept.\n", statusCode: StatusCodes.Status404NotFound);
        }
        catch (RegistryException e)
        {
            return Results.Text($"{e.Message}\n", statusCode: StatusCodes.Status502BadGateway);
        }
    }

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\z")]
    private static partial Regex Label();

    [GeneratedRegex(@"\A[0-9a-f]{12}\z")]
    private static partial Regex Revision();
}
