using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Kublambda.Registry;

public static class RegistryServiceCollectionExtensions
{
    /// <summary>Registers <see cref="IRegistryClient"/> for the registry of section <c>Registry</c>; wrong settings stop the start.</summary>
    public static IServiceCollection AddRegistry(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RegistryOptions>().Bind(configuration.GetSection(RegistryOptions.Section)).ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IValidateOptions<RegistryOptions>, RegistryOptionsValidator>();
        services.AddSingleton<RegistryTransport>();
        services.AddSingleton<IRegistryClient, RegistryClient>();
        services.AddSingleton<IRegistryClients, RegistryClients>();
        return services;
    }
}
