using Microsoft.Extensions.Options;

namespace Kublambda.Registry;

/// <summary>Refuses to start with settings that could only fail later, or that would quietly drop a credential.</summary>
internal sealed class RegistryOptionsValidator : IValidateOptions<RegistryOptions>
{
    public ValidateOptionsResult Validate(string? name, RegistryOptions options)
    {
        var failures = new List<string>();
        CheckHost(nameof(RegistryOptions.PushHost), options.PushHost, failures);
        CheckHost(nameof(RegistryOptions.PullHost), options.PullHost, failures);
        if (failures.Count == 0)
        {
            try
            {
                _ = RegistryCredentials.Load(options);
            }
            catch (InvalidDataException e)
            {
                failures.Add(e.Message);
            }
        }
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static void CheckHost(string field, string value, List<string> failures)
    {
        if (!ImageReference.IsHost(value))
            failures.Add($"Registry__{field} is '{value}': give a host, with a port where needed, without scheme and path, such as registry.example.com:5000.");
    }
}
