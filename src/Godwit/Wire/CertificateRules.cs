using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Npgsql;

namespace Godwit.Wire;

/// <summary>Which server certificates are good enough for a sslmode, and which one the client shows.</summary>
internal static class CertificateRules
{
    public static RemoteCertificateValidationCallback For(NpgsqlConnectionStringBuilder settings) => (_, certificate, chain, errors) =>
    {
        if (settings.SslMode is not (SslMode.VerifyCA or SslMode.VerifyFull)) return true;
        if (certificate is null || chain is null) return false;
        var nameFits = !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch);
        if (settings.SslMode == SslMode.VerifyFull && !nameFits) return false;
        if (settings.RootCertificate is not { Length: > 0 } file) return !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors);
        using var own = new X509Chain();
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.ImportFromPemFile(file);
        own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        using var server = new X509Certificate2(certificate);
        return own.Build(server);
    };

    public static X509Certificate2? Client(NpgsqlConnectionStringBuilder settings)
    {
        if (settings.SslCertificate is not { Length: > 0 } file) return null;
        if (!Path.GetExtension(file).Equals(".pfx", StringComparison.OrdinalIgnoreCase) && !Path.GetExtension(file).Equals(".p12", StringComparison.OrdinalIgnoreCase))
        {
            return settings.SslPassword is { Length: > 0 } password
                ? X509Certificate2.CreateFromEncryptedPemFile(file, password, settings.SslKey)
                : X509Certificate2.CreateFromPemFile(file, settings.SslKey);
        }
        return X509CertificateLoader.LoadPkcs12FromFile(file, settings.SslPassword);
    }
}
