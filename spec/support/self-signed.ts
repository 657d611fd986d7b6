/** A certificate for localhost that signed itself, and its key; for specs only, valid for a hundred years. */
export const selfSigned = Object.freeze({
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIURHf8NXTqw+97EUbjKqWNzzbkGb8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDA5MzQwNFoYDzIxMjYxMDMx
MDkzNDA0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARtAjjULssGaI9RvLrAyYVIVpuskDzgl0rC27OIoNt7FnfjO2Yl7bzk
5fkzggwJyFmaSO7ZT66jJ6iWPvJiWrNio28wbTAdBgNVHQ4EFgQUhleiPL69JDnD
gYC7KR/XngN61C4wHwYDVR0jBBgwFoAUhleiPL69JDnDgYC7KR/XngN61C4wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAK6PaZQWTkWhRFfyIcH+qaeNTfMrxrfQf7ArxKjHvCDbAiEA
4+sbx2VBkHcrEmSr1qQAY9f7/wAimh9c9wYvIyxeb1o=
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3aEe96vOzl8BmQ8B
lE5z86y0itMcrF9L7edchcxpzh+hRANCAARtAjjULssGaI9RvLrAyYVIVpuskDzg
l0rC27OIoNt7FnfjO2Yl7bzk5fkzggwJyFmaSO7ZT66jJ6iWPvJiWrNi
-----END PRIVATE KEY-----`,
});
